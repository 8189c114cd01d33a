#pragma once
#include <string>

/// The text with every decimal digit replaced by '#': for texts that contain times.
inline std::string digits_hidden(std::string text) {
  for (char& character : text) {
    if (character >= '0' && character <= '9') character = '#';
  }
  return text;
}
