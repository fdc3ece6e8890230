// SPDX-License-Identifier: MIT
#include "common/locale.hh"

#include <clocale>
#include <utility>

namespace nsx::cli {

namespace {

bool is_wanted = false;

}  // namespace

void use_locale() {
  is_wanted = true;
}

void need_locale() {
  if (std::exchange(is_wanted, false)) std::setlocale(LC_CTYPE, "");
}

}  // namespace nsx::cli
