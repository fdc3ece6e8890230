// SPDX-License-Identifier: MIT
#include <functional>
#include <limits>

#include "target/container_record.hh"

#define JSON_NO_IO 1  // streams would dominate the start-up time
#include <nlohmann/json.hpp>

#include "kernel/text.hh"

namespace nsx {

namespace {

// Only functions of nlohmann's library that do not throw are used: parse() without exceptions,
// find() on an object, get_ptr().
using nlohmann::json;

/// Deeper than the files of any runtime, shallower than any stack allows.
constexpr int kMaxDepth = 64;

using Tree = JsonTree<json>;

std::optional<Tree> parse(std::string_view text) {
  if (nests_deeper(text, kMaxDepth)) return std::nullopt;
  Tree value(json::parse(text.begin(), text.end(), nullptr, false));
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::optional<Tree> parse_object(std::string_view text) {
  auto value = parse(text);
  if (!value || !value->is_object()) return std::nullopt;
  return value;
}

/// Returns a member of an object, or null if it does not exist or `value` is not an object.
const json* member(const json* value, const char* key) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto found = value->find(key);
  return found != value->end() ? &*found : nullptr;
}

/// Returns the text of a string, otherwise an empty one. Text with a NUL is no name either.
std::string text_of(const json* value) {
  if (value == nullptr) return {};
  const auto* const text = value->get_ptr<const json::string_t*>();
  if (text == nullptr || text->find('\0') != std::string::npos) return {};
  return *text;
}

std::uint64_t number_of(const json* value) {
  if (value == nullptr) return 0;
  const auto* const number = value->get_ptr<const json::number_unsigned_t*>();
  return number != nullptr ? *number : 0;
}

pid_t pid_of(const json* value) {
  const std::uint64_t number = number_of(value);
  return number <= std::numeric_limits<pid_t>::max() ? static_cast<pid_t>(number) : 0;
}

bool is_true(const json* value) {
  const auto* const answer = value != nullptr ? value->get_ptr<const json::boolean_t*>() : nullptr;
  return answer != nullptr && *answer;
}

/// Calls `take` for each element of an array; does nothing for other values.
void for_each(const json* array, const std::function<void(const json&)>& take) {
  if (array == nullptr || !array->is_array()) return;
  for (const json& element : *array)
    take(element);
}

/// Returns the value of an annotation, or an empty string.
using Annotation = std::function<std::string(const char* key)>;

std::vector<std::string> names_by(const Annotation& annotation) {
  const auto first = [&](const char* a, const char* b) {
    std::string value = annotation(a);
    return value.empty() ? annotation(b) : value;
  };
  std::vector<std::string> names;
  const std::string pod = first("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name");
  if (!pod.empty()) {
    const std::string space =
        first("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace");
    const std::string type =
        first("io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType");
    const std::string container =
        first("io.kubernetes.cri.container-name", "io.kubernetes.container.name");
    // The sandbox keeps the pod's namespaces alive, so it stands for the pod itself.
    const bool is_sandbox = type == "sandbox" || container.empty();
    const std::string name = is_sandbox ? pod : pod + '/' + container;
    if (!space.empty()) names.push_back(space + '/' + name);
    names.push_back(name);
    if (!is_sandbox) names.push_back(container);
  }
  for (const char* key : {"nerdctl/name", "io.kubernetes.cri-o.Name"}) {
    if (std::string name = annotation(key); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::optional<ContainerRecord> parse_docker_config(std::string_view text) {
  const auto config = parse_object(text);
  if (!config) return std::nullopt;
  const json* const state = member(&*config, "State");
  if (state == nullptr) return std::nullopt;
  ContainerRecord record;
  record.runtime = "docker";
  std::string name = text_of(member(&*config, "Name"));
  if (name.starts_with('/')) name.erase(0, 1);
  if (!name.empty()) record.names.push_back(std::move(name));
  if (is_true(member(state, "Running"))) record.pid = pid_of(member(state, "Pid"));
  return record;
}

std::string parse_docker_data_root(std::string_view text) {
  const auto config = parse_object(text);
  return config ? text_of(member(&*config, "data-root")) : std::string();
}

std::optional<ContainerRecord> parse_runc_state(std::string_view text) {
  const auto state = parse_object(text);
  if (!state || member(&*state, "init_process_pid") == nullptr) return std::nullopt;
  ContainerRecord record;
  record.runtime = "runc";
  record.pid = pid_of(member(&*state, "init_process_pid"));
  record.start_time = number_of(member(&*state, "init_process_start"));

  // "bundle=/DIR" and the annotations of the bundle.
  const json* const labels = member(member(&*state, "config"), "labels");
  const auto label = [&](const char* key) {
    const std::string wanted = std::string(key) + '=';
    std::string value;
    for_each(labels, [&](const json& each) {
      const std::string pair = text_of(&each);
      if (pair.starts_with(wanted)) value = pair.substr(wanted.size());
    });
    return value;
  };
  record.bundle = label("bundle");
  record.names = names_by(label);
  return record;
}

std::optional<ContainerRecord> parse_crun_status(std::string_view text) {
  const auto status = parse_object(text);
  if (!status || member(&*status, "pid") == nullptr) return std::nullopt;
  ContainerRecord record;
  record.runtime = "crun";
  record.pid = pid_of(member(&*status, "pid"));
  record.start_time = number_of(member(&*status, "process-start-time"));
  record.bundle = text_of(member(&*status, "bundle"));
  return record;
}

std::optional<ContainerRecord> parse_crio_state(std::string_view text) {
  const auto state = parse_object(text);
  if (!state || member(&*state, "status") == nullptr) return std::nullopt;
  ContainerRecord record;
  record.runtime = "CRI-O";
  const std::string status = text_of(member(&*state, "status"));
  if (status == "stopped") return record;
  record.pid = pid_of(member(&*state, "initPid"));
  if (record.pid == 0) record.pid = pid_of(member(&*state, "pid"));
  record.start_time =
      parse_number<std::uint64_t>(text_of(member(&*state, "initStartTime"))).value_or(0);
  return record;
}

std::optional<std::vector<std::string>> parse_bundle_names(std::string_view text) {
  const auto config = parse_object(text);
  if (!config) return std::nullopt;
  const json* const annotations = member(&*config, "annotations");
  return names_by([&](const char* key) { return text_of(member(annotations, key)); });
}

std::optional<std::vector<ContainerRecord>> parse_storage_list(std::string_view text) {
  const auto list = parse(text);
  if (!list || !list->is_array()) return std::nullopt;
  std::vector<ContainerRecord> records;
  for_each(&*list, [&](const json& each) {
    ContainerRecord record;
    record.id = text_of(member(&each, "id"));
    for_each(member(&each, "names"), [&](const json& name) {
      if (std::string found = text_of(&name); !found.empty()) {
        record.names.push_back(std::move(found));
      }
    });
    if (!record.id.empty()) records.push_back(std::move(record));
  });
  return records;
}

}  // namespace nsx
