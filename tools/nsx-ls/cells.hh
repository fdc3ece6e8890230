// SPDX-License-Identifier: MIT
#pragma once
// The contents of cells, made of a census and of the facts that were read for it.

#include <optional>
#include <string>

#include <nsx/census.hh>

#include "common/json.hh"
#include "common/value.hh"
#include "nsx-ls/facts.hh"

namespace nsx::ls_tool {

/// The data that the cells of a namespace are made of.
struct NamespaceRow {
  const Census& census;
  const Facts& facts;
  Subject subject;

  const CensusNamespace& ns() const { return census.namespaces[subject.ns]; }
  /// The facts of the namespace and of its process, empty if none were read.
  const NamespaceFacts& of_ns() const;
  const ProcessFacts& of_process() const;
};

// Kinds of cells.
cli::Cell number_cell(std::uint64_t number);
cli::Cell text_cell(const std::string& text);
cli::Cell inode_cell(const NamespaceRow& row, CensusIndex of);
cli::Cell pid_cell(const NamespaceRow& row, pid_t CensusProcess::*member);
cli::Cell id_map_cell(const std::optional<IdMap>& map);
void write_map(const std::optional<IdMap>& map, cli::JsonWriter& json);

// Cells of one column each.
cli::Cell path_cell(const NamespaceRow& row);
cli::Cell uid_cell(const NamespaceRow& row);
cli::Cell user_cell(const NamespaceRow& row);
cli::Cell mounts_cell(const NamespaceRow& row);
cli::Cell names_as_pin_cell(const NamespaceRow& row);
cli::Cell held_by_cell(const NamespaceRow& row);
cli::Cell containers_cell(const NamespaceRow& row);
cli::Cell owner_user_cell(const NamespaceRow& row);
cli::Cell leader_cell(const NamespaceRow& row);
cli::Cell age_cell(const NamespaceRow& row);

}  // namespace nsx::ls_tool
