// SPDX-License-Identifier: MIT
#include "nsx-cg/rows.hh"

#include <algorithm>

namespace nsx::cg_tool {

namespace {

/// Missing values come before numbers, numbers before texts.
bool is_less(const cli::Value& a, const cli::Value& b) {
  const auto number = [](const cli::Value& value) -> std::optional<double> {
    if (const auto* whole = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*whole);
    if (const auto* decimal = std::get_if<double>(&value)) return *decimal;
    return std::nullopt;
  };
  const auto rank = [&](const cli::Value& value) {
    if (std::holds_alternative<std::monostate>(value)) return 0;
    return number(value) ? 1 : 2;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (rank(a) == 1) return *number(a) < *number(b);
  return cli::text_of(a) < cli::text_of(b);
}

class RowMaker {
 public:
  RowMaker(const CgroupReading& reading, const RowRequest& request)
      : reading_(reading), request_(request), shown_(reading.cgroups.size()) {}

  std::vector<Row> make() {
    choose();
    if (request_.is_tree) {
      make_tree();
    } else {
      make_list();
    }
    return std::move(rows_);
  }

 private:
  void choose() {
    std::vector<std::size_t> depths(reading_.cgroups.size());
    for (std::size_t i = 0; i < reading_.cgroups.size(); ++i) {
      const auto& parent = reading_.cgroups[i].parent;
      if (parent) depths[i] = depths[*parent] + 1;
      const bool is_near = !request_.depth || depths[i] <= *request_.depth;
      const bool is_chosen = is_near && (!request_.accepts || request_.accepts(i));
      shown_[i] = is_chosen ? 1 : 0;
    }
    if (!request_.is_tree) return;
    // Their ancestors. Parents come before their children, so one pass backwards is enough.
    for (std::size_t i = shown_.size(); i-- > 0;) {
      const auto& parent = reading_.cgroups[i].parent;
      if (shown_[i] && parent) shown_[*parent] = true;
    }
  }

  void sort(std::vector<std::size_t>& indexes) const {
    if (!request_.key) return;
    std::stable_sort(indexes.begin(), indexes.end(), [&](std::size_t a, std::size_t b) {
      return request_.descending ? is_less(request_.key(b), request_.key(a))
                                 : is_less(request_.key(a), request_.key(b));
    });
  }

  void make_list() {
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      if (shown_[i]) indexes.push_back(i);
    }
    sort(indexes);
    for (const std::size_t i : indexes)
      rows_.push_back({i, std::nullopt});
  }

  void make_tree() {
    children_.resize(shown_.size());
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      const auto& parent = reading_.cgroups[i].parent;
      if (shown_[i] && parent) children_[*parent].push_back(i);
    }
    if (!shown_.empty() && shown_.front()) add(0, std::nullopt);
  }

  void add(std::size_t cgroup, std::optional<std::size_t> parent) {
    const std::size_t row = rows_.size();
    rows_.push_back({cgroup, parent});
    sort(children_[cgroup]);
    for (const std::size_t child : children_[cgroup])
      add(child, row);
  }

  const CgroupReading& reading_;
  const RowRequest& request_;
  std::vector<char> shown_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> make_rows(const CgroupReading& reading, const RowRequest& request) {
  return RowMaker(reading, request).make();
}

}  // namespace nsx::cg_tool
