#pragma once
#include <chrono>
#include <filesystem>
#include <optional>

namespace apps {

/// tools/report of the source tree that this program was built in, wherever it is started from; nothing where there is
/// none.
std::optional<std::filesystem::path> find_report_tool();

/// Draws plots and report.html of `directory` with tools/report, which needs Python and matplotlib; without them says
/// on stderr what to install. Ends the tool when it takes longer than `limit`, and when a signal asks this program to
/// stop. Never throws: the figures are on the disk already.
void draw_report(const std::filesystem::path& directory, std::chrono::milliseconds limit = std::chrono::minutes(2));

}  // namespace apps
