#pragma once

#include <initializer_list>

namespace nsx {

/// What a process of ours does first that stays beside the program, not to be in anyone's way:
/// takes a name, blocks all signals, leaves the working directory, is hidden from those inside, and
/// closes every descriptor but `kept`.
void stay_behind(const char* name, std::initializer_list<int> kept);

}  // namespace nsx
