#include "kernels/runtime/control_groups.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/engine/io/scratch_directory.h"

using engine::ControlGroups;
namespace fs = std::filesystem;

namespace {

/// A root directory with the proc and sys files of a test.
struct Root {
  void write(const std::string& path, const std::string& text) const {
    const fs::path file = directory / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  /// Version 2, as seen from outside any container.
  void version_2(const std::string& group) const {
    write("proc/self/cgroup", "0::" + group + "\n");
    write("proc/self/mountinfo",
          "22 1 0:20 / /proc rw - proc proc rw\n31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  }
  /// Version 1, with the subtree `mounted` of the hierarchy mounted.
  void version_1(const std::string& mounted, const std::string& group) const {
    write("proc/self/cgroup", "9:name=systemd:/\n4:memory:" + group + "\n2:cpuacct,cpu:" + group + "\n0::/\n");
    write("proc/self/mountinfo", "32 31 0:29 " + mounted +
                                     " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n35 31 0:32 " +
                                     mounted + " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
                                     "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  }
  ControlGroups groups() const { return ControlGroups(directory.path()); }

  ScratchDirectory directory;
};

}  // namespace

TEST_CASE("control groups: where there are none, there is no limit") {
  const Root root;
  CHECK_FALSE(root.groups().processors());
  CHECK_FALSE(root.groups().free_bytes());
  root.version_2("/");
  CHECK_FALSE(root.groups().processors());
  CHECK_FALSE(root.groups().free_bytes());
}

TEST_CASE("control groups: version 2, the tightest of the group and its parents counts") {
  const Root root;
  root.version_2("/jobs/mine");
  root.write("sys/fs/cgroup/jobs/mine/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/jobs/mine/memory.max", "max\n");
  root.write("sys/fs/cgroup/jobs/mine/memory.current", "600\n");
  CHECK_FALSE(root.groups().processors());
  CHECK_FALSE(root.groups().free_bytes());
  root.write("sys/fs/cgroup/jobs/cpu.max", "150000 100000\n");
  root.write("sys/fs/cgroup/jobs/memory.max", "1000\n");
  root.write("sys/fs/cgroup/jobs/memory.current", "700\n");
  CHECK(root.groups().processors() == 1.5);
  CHECK(root.groups().free_bytes() == 300);
  root.write("sys/fs/cgroup/jobs/mine/cpu.max", "50000 100000\n");
  root.write("sys/fs/cgroup/jobs/mine/memory.high", "800\n");
  CHECK(root.groups().processors() == 0.5);
  CHECK(root.groups().free_bytes() == 200);
}

TEST_CASE("control groups: a container that has its own group as root finds its limits there") {
  const Root root;
  root.version_2("/");
  root.write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(root.groups().processors() == 2);
  root.version_1("/docker/0123", "/docker/0123/inner");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK(root.groups().processors() == 3);  // the inner group's limit is not visible
}

TEST_CASE("control groups: version 1, with -1 and huge numbers for no limit") {
  const Root root;
  root.version_1("/", "/slurm/job_1");
  const std::string cpu = "sys/fs/cgroup/cpu,cpuacct/slurm", memory = "sys/fs/cgroup/memory/slurm";
  root.write(cpu + "/job_1/cpu.cfs_quota_us", "-1\n");
  root.write(cpu + "/job_1/cpu.cfs_period_us", "100000\n");
  root.write(memory + "/job_1/memory.limit_in_bytes", "9223372036854771712\n");
  root.write(memory + "/job_1/memory.usage_in_bytes", "4096\n");
  CHECK_FALSE(root.groups().processors());
  CHECK_FALSE(root.groups().free_bytes());
  root.write(cpu + "/cpu.cfs_quota_us", "250000\n");
  root.write(cpu + "/cpu.cfs_period_us", "100000\n");
  root.write(memory + "/memory.limit_in_bytes", "8192\n");
  root.write(memory + "/memory.usage_in_bytes", "8000\n");
  CHECK(root.groups().processors() == 2.5);
  CHECK(root.groups().free_bytes() == 192);
}

TEST_CASE("control groups: files that the system keeps in memory, and swap, are as good as free") {
  const Root root;
  root.version_2("/mine");
  root.write("sys/fs/cgroup/mine/memory.max", "1000\n");
  root.write("sys/fs/cgroup/mine/memory.current", "1000\n");
  CHECK(root.groups().free_bytes() == 0);
  root.write("sys/fs/cgroup/mine/memory.stat",
             "anon 500\nfile 400\ninactive_file 250\nactive_file 100\nslab_reclaimable 50\n");
  CHECK(root.groups().free_bytes() == 400);
  root.write("proc/meminfo", "MemFree:  7 kB\nSwapFree:  2 kB\n");
  CHECK(root.groups().free_bytes() == 400 + 2048);
  root.write("sys/fs/cgroup/mine/memory.swap.max", "100\n");
  root.write("sys/fs/cgroup/mine/memory.swap.current", "60\n");
  CHECK(root.groups().free_bytes() == 440);
}
