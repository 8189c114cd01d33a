#pragma once
#include <chrono>
#include <filesystem>
#include <optional>

namespace apps {

/// The path of tools/report in the source tree or package that contains this program; nothing if there is none.
std::optional<std::filesystem::path> find_report_tool();

/// Draws plots and report.html of `directory` with tools/report, which needs Python and matplotlib. If they are
/// missing, a message on stderr says what to install. Ends the tool if it takes longer than `limit` or if a signal asks
/// this program to stop. Never throws, since the results are already stored.
void draw_report(const std::filesystem::path& directory, std::chrono::milliseconds limit = std::chrono::minutes(2));

}  // namespace apps
