#pragma once
#include <iostream>
#include <sstream>
#include <string>

/// Collects what is written to std::cout while it lives.
class CaptureStdout {
 public:
  CaptureStdout() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  CaptureStdout(const CaptureStdout&) = delete;
  CaptureStdout& operator=(const CaptureStdout&) = delete;
  ~CaptureStdout() { std::cout.rdbuf(before_); }

  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};
