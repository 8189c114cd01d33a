#include "apps/train/encoder_file.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "apps/objectives/groups.h"
#include "apps/objectives/make_encoder.h"
#include "apps/settings/format.h"
#include "apps/train/stored_layout.h"

namespace apps {
namespace {

using engine::concat;
using engine::StoredTensor;

constexpr std::string_view kCounter = "num_batches_tracked";
constexpr std::int64_t kColours = 3;

constexpr std::string_view kUnknown =
    "it is of no encoder that is known here: names must be torchvision's, as tools/import_checkpoint writes them";

std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i) text += (i ? ", " : "") + items[i];
  if (items.size() > kShown) text += concat(" and ", items.size() - kShown, " more");
  return text;
}

/// Where the tensors of a file and of a network differ.
struct Differences {
  std::vector<std::string> missing, surplus, shapes;

  bool none() const { return missing.empty() && surplus.empty() && shapes.empty(); }
  std::string text() const {
    std::string text;
    const auto add = [&](const char* what, const std::vector<std::string>& items) {
      if (!items.empty()) text += concat(text.empty() ? "" : "; ", what, listed(items));
    };
    add("missing are ", missing);
    add("not in the network are ", surplus);
    add("of another shape are ", shapes);
    return text;
  }
};

Differences compare(const EncoderTensors& stored, const std::vector<Named>& network) {
  Differences differences;
  std::set<std::string, std::less<>> known;
  for (const Named& named : network) {
    known.insert(named.name);
    const auto found = stored.tensors.find(named.name);
    if (found == stored.tensors.end()) {
      if (!named.name.ends_with(kCounter)) differences.missing.push_back(named.name);
    } else if (const auto wanted = stored_form(named.tensor).shape; found->second->shape != wanted) {
      differences.shapes.push_back(concat(named.name, " ", text(found->second->shape), " instead of ", text(wanted)));
    }
  }
  for (const auto& [name, tensor] : stored.tensors) {
    if (!known.contains(name)) differences.surplus.push_back(name);
  }
  return differences;
}

/// The settings with which the network would be the one that the file speaks of; empty if it is.
std::string other_settings(const RecognizedEncoder& file, const models::EncoderOptions& options,
                           const std::map<std::string, std::string>& network) {
  std::string settings;
  if (file.arch != options.arch) settings += concat(" --arch ", engine::name(file.arch));
  if (file.width != options.convn.width) settings += concat(" --width ", number_text(file.width));
  if (file.selective_kernels != options.resnet.selective_kernels)
    settings += concat(" --selective-kernels ", file.selective_kernels ? "on" : "off");
  const auto add = [&](const char* key, std::string_view value) {
    const auto found = network.find(key);
    if (found == network.end() || found->second != value) settings += concat(" --set model.", key, '=', value);
  };
  if (file.variant) add("variant", engine::name(*file.variant));
  if (file.stem) add("stem", engine::name(*file.stem));
  return settings;
}

/// What to do about weights that do not fit.
std::string remedy(const std::optional<RecognizedEncoder>& file, const models::EncoderOptions& options,
                   const data::Source& source) {
  if (!file) return std::string(kUnknown);
  const std::map<std::string, std::string> network = describe_encoder(options, source);
  const std::int64_t bits = source.layout().bit_planes;
  const bool gray = source.layout().channels == 1 && file->in_channels == kColours + bits && !options.input.gray_as_rgb;
  if (const std::string settings =
          other_settings(*file, options, network) + (gray ? " --set model.gray_as_rgb=on" : "");
      !settings.empty())
    return concat("it fits", settings);
  if (const std::string& channels = network.at("in_chans"); channels != std::to_string(file->in_channels))
    return concat("it takes images of ", file->in_channels, " channels, and ", source.describe(), " has ", channels);
  return "it is for other images or of another network";
}

const std::filesystem::path& existing(const std::filesystem::path& path) {
  std::error_code unreadable;
  if (std::filesystem::exists(path, unreadable)) return path;
  throw engine::DataError(concat("there is no file ", path.string(), "; the weights must be in a safetensors file"));
}

std::vector<float> numbers(const std::string& path, const std::string& name, const StoredTensor& stored,
                           std::int64_t elements) {
  if (!engine::is_floating_point(stored.type)) {
    throw engine::DataError(
        concat(path, ": ", name, " holds ", engine::name(stored.type), ", and weights must be F32, F64, F16 or BF16"));
  }
  std::vector<float> values(static_cast<std::size_t>(elements));
  engine::to_floats(stored.type, stored.bytes, values);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    throw engine::DataError(concat(path, ": ", name, " holds a number that is infinite or NaN",
                                   stored.type == engine::StoredType::f64 ? " or too large for F32" : "",
                                   "; such weights compute nothing, so export them again from a network that works"));
  }
  return values;
}

std::int64_t counter(const std::string& path, const std::string& name, const StoredTensor& stored) {
  if (engine::is_floating_point(stored.type))
    throw engine::DataError(
        concat(path, ": ", name, " holds ", engine::name(stored.type), ", and it must be a whole number"));
  std::int64_t count = 0;
  engine::to_whole_numbers(stored.type, stored.bytes, std::span(&count, 1));
  return count;
}

}  // namespace

EncoderFile::EncoderFile(const std::filesystem::path& path)
    : path_(path),
      file_(existing(path)),
      encoder_(encoder_tensors(file_.tensors())),
      recognized_(recognize_encoder(encoder_.shapes())) {}

const RecognizedEncoder& EncoderFile::required() const {
  if (!recognized_) throw engine::DataError(concat(path_.string(), ": ", kUnknown));
  return *recognized_;
}

void EncoderFile::load(const engine::ParameterSet& parameters, const models::EncoderOptions& options,
                       const data::Source& source) const {
  std::vector<Named> network = named_tensors(parameters, {kEncoder});
  for (Named& named : network) named.name = exported_name(kEncoder, named.name);
  if (const Differences differences = compare(encoder_, network); !differences.none()) {
    throw engine::DataError(concat(path_.string(), " does not fit ", engine::name(options.arch), ": ",
                                   differences.text(), "; ", remedy(recognized_, options, source)));
  }
  std::vector<std::vector<float>> values;
  std::vector<std::int64_t> counters;
  for (const auto& [name, group, tensor] : network) {
    const auto found = encoder_.tensors.find(name);
    const bool counts = tensor.dtype() == engine::Dtype::i64;
    counters.push_back(counts && found != encoder_.tensors.end() ? counter(path_.string(), name, *found->second) : 0);
    values.push_back(counts ? std::vector<float>() : numbers(path_.string(), name, *found->second, tensor.elements()));
  }
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (network[i].tensor.dtype() == engine::Dtype::i64) {
      network[i].tensor.upload<std::int64_t>(std::span(&counters[i], 1));
    } else {
      from_disk(values[i], network[i].tensor);
    }
  }
  parameters.refresh_shadow();
}

std::string EncoderFile::description() const {
  if (encoder_.left_out.empty()) return path_.string();
  constexpr std::size_t kShown = 8;
  std::string names;
  for (std::size_t i = 0; i < std::min(kShown, encoder_.left_out.size()); ++i)
    names += (i ? ", " : "") + encoder_.left_out[i];
  if (encoder_.left_out.size() > kShown) names += concat(" and ", encoder_.left_out.size() - kShown, " more");
  return concat(path_.string(), " (left out: ", names, ")");
}

}  // namespace apps
