#include <cstring>

#include <nsx/result.hh>

namespace nsx {

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '\\') {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    } else {
      out += c;
    }
  }
  return out;
}

std::string Error::message() const {
  std::string text = "cannot " + operation;
  if (!subject.empty()) text += ' ' + printable(subject);
  const char* why = code != 0 ? std::strerror(code) : reason.c_str();
  text += ": ";
  text += why;
  if (!hint.empty()) text += " (" + hint + ')';
  return text;
}

}  // namespace nsx
