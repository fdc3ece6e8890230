#pragma once
// What the columns hold for a cgroup.

#include <cstdint>
#include <string>

#include <nsx/cgroup_sample.hh>

#include "common/json.hh"
#include "common/value.hh"
#include "nsx-cg/columns.hh"

namespace nsx::cg_tool {

/// A size for people, in three or four characters: "512M", "1.5G", "4096" with `exact`.
std::string size_text(std::uint64_t bytes, bool exact);

/// The cell of a column: nothing where the kernel does not tell. `exact`: sizes are bytes.
cli::Cell make_cell(Column column, const CgroupSample& sample, const CgroupRates& rates,
                    bool exact);

/// Adds the members of a column to an open object: numbers are numbers, sizes bytes, what is not
/// there null; "max" where there is no limit.
void add_members(cli::JsonWriter& json, Column column, const CgroupSample& sample,
                 const CgroupRates& rates);

}  // namespace nsx::cg_tool
