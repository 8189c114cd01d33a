#pragma once

namespace simt {

/// Maps all memory and reads the program's symbols, the first time it is called: a program that runs no kernel pays
/// nothing.
void set_up();

}  // namespace simt
