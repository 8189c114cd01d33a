#include "data/files/list_cache.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "engine/io/files.h"
#include "engine/io/mapped_file.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;

// A file of the cache: kMagic, then fields, each its size in bytes (64 bits) and its bytes: the root, the directories'
// names, their ends, their states, the files' names, their ends, their sizes. At the end the SHA-256 of all before it.
// Integers are the machine's own: a cache is not carried to another machine, and if it is, the list is made again.
constexpr std::string_view kMagic = "antipode list 1\n";
constexpr std::size_t kHashDigits = 64;
constexpr std::chrono::seconds kCoarsestClock{2};  // of a file system: FAT's

fs::path path_of(const fs::path& cache, const fs::path& root) {
  const std::string& name = root.native();
  return cache / (engine::sha256(std::as_bytes(std::span(name))).substr(0, 32) + ".list");
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class FieldReader {
 public:
  explicit FieldReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::optional<std::span<const std::byte>> next() {
    std::uint64_t size = 0;
    if (rest_.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, rest_.data(), sizeof size);
    rest_ = rest_.subspan(sizeof size);
    if (size > rest_.size()) return std::nullopt;
    const auto field = rest_.first(size);
    rest_ = rest_.subspan(size);
    return field;
  }

  std::optional<std::string> text() {
    const auto field = next();
    if (!field) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(field->data()), field->size());
  }

  template <class T>
  std::optional<std::vector<T>> values() {
    const auto field = next();
    if (!field || field->size() % sizeof(T) != 0) return std::nullopt;
    std::vector<T> values(field->size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), field->data(), field->size());
    return values;
  }

  std::optional<FileList> list() {
    auto names = text();
    auto ends = values<std::uint64_t>(), bytes = values<std::uint64_t>();
    const bool whole = names && ends && bytes && ends->size() == bytes->size() && std::ranges::is_sorted(*ends) &&
                       (ends->empty() ? 0 : ends->back()) == names->size();
    if (!whole) return std::nullopt;
    return FileList(*std::move(names), *std::move(ends), *std::move(bytes));
  }

 private:
  std::span<const std::byte> rest_;
};

class FieldWriter {
 public:
  explicit FieldWriter(const fs::path& path) : file_(path) { write(bytes_of(kMagic)); }

  void add(std::span<const std::byte> field) {
    const std::uint64_t size = field.size();
    write(std::as_bytes(std::span(&size, 1)));
    write(field);
  }
  void add(const FileList& list) {
    add(bytes_of(list.all_names()));
    add(std::as_bytes(list.all_ends()));
    add(std::as_bytes(list.all_bytes()));
  }
  void commit() {
    file_.write(hash_.hexadecimal());
    file_.commit();
  }

 private:
  void write(std::span<const std::byte> bytes) {
    hash_.update(bytes);
    file_.write(bytes);
  }

  engine::AtomicFile file_;
  engine::Sha256 hash_;
};

/// The part that the hash is of, without the magic; none if it is damaged.
std::optional<std::span<const std::byte>> checked(std::span<const std::byte> file) {
  if (file.size() < kMagic.size() + kHashDigits) return std::nullopt;
  const auto contents = file.first(file.size() - kHashDigits), hash = file.last(kHashDigits);
  if (!std::ranges::equal(contents.first(kMagic.size()), bytes_of(kMagic))) return std::nullopt;
  if (!std::ranges::equal(hash, bytes_of(engine::sha256(contents)))) return std::nullopt;
  return contents.subspan(kMagic.size());
}

}  // namespace

std::optional<FileList> kept_list(const fs::path& cache, const fs::path& root) {
  const fs::path path = path_of(cache, root);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  try {
    const engine::MappedFile file(path);
    const auto contents = checked(file.bytes());
    if (!contents) return std::nullopt;
    FieldReader fields(*contents);
    const auto kept_root = fields.text();
    const auto directories = fields.list();
    const auto states = fields.values<DirectoryState>();
    if (kept_root != root.native() || !directories || !states) return std::nullopt;
    if (static_cast<std::size_t>(directories->size()) != states->size()) return std::nullopt;
    for (std::int64_t i = 0; i < directories->size(); ++i) {
      const std::string_view name = directories->name(i);
      if (state_of(name.empty() ? root : root / name) != (*states)[static_cast<std::size_t>(i)]) return std::nullopt;
    }
    return fields.list();
  } catch (const engine::Error&) { return std::nullopt; }  // the directories are read instead
}

void keep_list(const fs::path& cache, const fs::path& root, const DirectoryWalk& walk) {
  static std::atomic<int> count = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto latest = std::chrono::duration_cast<std::chrono::nanoseconds>(now - kCoarsestClock).count();
  FileList directories;
  std::vector<DirectoryState> states;
  for (const WalkedDirectory& directory : walk.directories) {
    if (directory.state.changed_ns >= latest) return;
    directories.add(directory.name, 0);
    states.push_back(directory.state);
  }
  try {
    engine::create_directories(cache);
    // Several processes may keep the list of one directory at once, as the ranks of a run do.
    fs::path own = path_of(cache, root);
    own += engine::concat(".", getpid(), ".", count++);
    FieldWriter fields(own);
    fields.add(bytes_of(root.native()));
    fields.add(directories);
    fields.add(std::as_bytes(std::span(states)));
    fields.add(walk.files);
    fields.commit();
    engine::rename_path(own, path_of(cache, root));
  } catch (const engine::Error&) {}  // the next run reads the directories again
}

}  // namespace data
