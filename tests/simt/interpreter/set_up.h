#pragma once

namespace simt {

/// At the first call, maps all memory and reads the program's symbols: a program that runs no kernel pays nothing.
void set_up();

}  // namespace simt
