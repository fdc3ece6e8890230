#pragma once
// The tables of all commands of nsx-pin. What carries them out is in a file each: code.hh.

#include <array>

#include "common/commands.hh"

namespace nsx::pin_tool {

inline constexpr cli::Operands kAnyPins{
    .most = cli::Operands::kAnyNumber, .first = cli::Completes::pin, .rest = cli::Completes::pin};

// --- ls ------------------------------------------------------------------------------------------

inline constexpr std::array kLsOptions{
    cli::kHelp,
};
inline constexpr cli::Tool kLs{
    "nsx-pin ls", "[options] [name...]", "Lists pins.", kLsOptions, kAnyPins, 2, nullptr,
};

// --- all of them ---------------------------------------------------------------------------------

inline constexpr std::array kCommands{
    cli::Command{&kLs, "list show"},
};

inline constexpr std::array kOptions{
    cli::kHelp,
    cli::kVersion,
};
inline constexpr cli::Suite kSuite{
    {"nsx-pin", "command [options] [operands]", "Keeps namespaces under names.", kOptions,
     cli::Operands::program, 2, nullptr},
    kCommands,
};

}  // namespace nsx::pin_tool
