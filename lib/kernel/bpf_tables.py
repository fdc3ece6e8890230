#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints a BPF program that clang has compiled as tables for bpf_program.hh, for #include.

Usage: bpf_tables.py OBJECT SECTION [HOOK]

SECTION has the program, first, and its functions; HOOK is the kernel's function that it is attached to. Nothing of the object file is left to be parsed at
run time: instructions, what must be asked of the kernel's BTF (each question once), and where the
answers and the descriptors of the maps go. The format is that of Documentation/bpf: btf.rst,
llvm_reloc.rst.
"""
import struct
import sys

INT, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF = 1, 2, 3, 4, 5, 6, 8
VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, TYPE_TAG = 9, 10, 11, 12, 13, 14, 18
# The sizes of what follows a type, beyond what its number of members tells.
FIXED_TAIL = {INT: 4, ARRAY: 12, 14: 4, 17: 4}
MEMBER_SIZE = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, 15: 12, 19: 12}
# Of enum bpf_core_relo_kind.
FIELD_OFFSET, FIELD_EXISTS, TYPE_ID, TYPE_SIZE = 0, 2, 7, 9
R_BPF_64_64, R_BPF_64_32 = 1, 10
CALL, LOAD_64 = 0x85, 0x18
PSEUDO_MAP, PSEUDO_KERNEL_CALL, PSEUDO_FUNCTION = 1, 2, 4


def text_at(data, offset):
    return data[offset : data.index(b"\0", offset)].decode()


class Elf:
    """The sections and symbols of a 64-bit little-endian object file."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01":
            raise SystemExit("not a 64-bit little-endian ELF file")
        start, size, count, names = (
            struct.unpack_from("<Q", data, 40)[0],
            *struct.unpack_from("<HHH", data, 58),
        )
        heads = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
        bodies = [data[head[4] : head[4] + head[5]] for head in heads]
        self.names = [text_at(bodies[names], head[0]) for head in heads]
        self.sections = dict(zip(self.names, bodies))
        strings = self.sections[".strtab"]
        self.symbols = []  # name, section, value
        for name, info, _, section, value, _ in struct.iter_unpack(
            "<IBBHQQ", self.sections[".symtab"]
        ):
            is_section = info & 15 == 3
            self.symbols.append(("" if is_section else text_at(strings, name), section, value))


class Types:
    """The types of the object, as far as relocations need them."""

    def __init__(self, data):
        length, types, type_size, strings, _ = struct.unpack_from("<IIIII", data, 4)
        self.text = data[length + strings :]
        self.types = [("void", 0, 0, [])]
        at, end = length + types, length + types + type_size
        while at < end:
            name, info, size = struct.unpack_from("<III", data, at)
            kind, count = info >> 24 & 31, info & 0xFFFF
            at += 12
            members = []
            if kind in (STRUCT, UNION):
                members = [struct.unpack_from("<III", data, at + 12 * i) for i in range(count)]
            elif kind == ARRAY:
                members = [struct.unpack_from("<III", data, at)]
            elif kind == FUNC_PROTO:
                members = [None] * count
            at += MEMBER_SIZE.get(kind, 0) * count + FIXED_TAIL.get(kind, 0)
            self.types.append((self.string(name), kind, size, members))

    def string(self, offset):
        return text_at(self.text, offset)

    def plain(self, number):
        while self.types[number][1] in (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG):
            number = self.types[number][2]
        return number

    def size(self, number):
        _, kind, size, members = self.types[self.plain(number)]
        if kind == PTR:
            return 8
        if kind == ARRAY:
            return members[0][2] * self.size(members[0][0])
        return size

    def has_lock(self, number):
        name, kind, _, members = self.types[self.plain(number)]
        return name == "bpf_spin_lock" or kind == STRUCT and any(
            self.has_lock(inner) for _, inner, _ in members)

    def member(self, number, access):
        """Returns the names of a member ("numbers.ns") and its size."""
        steps = [int(step) for step in access.split(":")]
        if steps[0] != 0:
            raise SystemExit(f"{access}: not the first element")
        path = []
        for step in steps[1:]:
            _, kind, _, members = self.types[self.plain(number)]
            if kind == ARRAY:
                if step != 0:
                    raise SystemExit(f"{access}: not the first element")
                number = members[0][0]
            else:
                name, number, _ = members[step]
                if self.string(name):
                    path.append(self.string(name))
        return ".".join(path), self.size(number)


class MadeTypes:
    """BTF of what the kernel wants to know: functions, for callbacks, and values with locks."""

    NUMBER, WORD = 1, 2  # `int` and `u64`

    def __init__(self):
        self.text = b"\0"
        self.types = []
        self.add("int", INT << 24, 4, struct.pack("<I", 1 << 24 | 32))
        self.add("u64", INT << 24, 8, struct.pack("<I", 64))
        self.copied = {}

    def name(self, text):
        if not text:
            return 0
        offset = len(self.text)
        self.text += text.encode() + b"\0"
        return offset

    def add(self, name, info, size, tail=b""):
        self.types.append(struct.pack("<III", self.name(name), info, size) + tail)
        return len(self.types)

    def function(self, name, arguments):
        argument = struct.pack("<II", self.name("argument"), self.WORD)
        proto = self.add("", FUNC_PROTO << 24 | arguments, self.NUMBER, argument * arguments)
        return self.add(name, FUNC << 24, proto)

    def copy(self, types, number):
        """Copies a number, or a struct of such."""
        number = types.plain(number)
        if number not in self.copied:
            name, kind, size, members = types.types[number]
            if kind == INT:
                tail = struct.pack("<I", size * 8)
            elif kind == STRUCT:
                tail = b"".join(
                    struct.pack("<III", self.name(types.string(member)), self.copy(types, inner), at)
                    for member, inner, at in members
                )
            else:
                raise SystemExit(f"{name}: neither a number nor a struct")
            count = len(members) if kind == STRUCT else 0
            self.copied[number] = self.add(name, kind << 24 | count, size, tail)
        return self.copied[number]

    def whole(self):
        body = b"".join(self.types)
        return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(body), len(body),
                           len(self.text)) + body + self.text


class Tables:
    def __init__(self, elf, section, hook):
        self.elf = elf
        self.types = Types(elf.sections[".BTF"])
        self.code = [list(each) for each in struct.iter_unpack("<BBhi", elf.sections[section])]
        self.questions = {("function", hook, "", 0): 0} if hook else {}
        self.fixes = []
        self.maps = [n for n, s, _ in sorted(elf.symbols, key=lambda each: each[2])
                     if n and elf.names[s : s + 1] == [".maps"]]
        self.map_uses = []
        number = elf.names.index(section)
        self.functions = sorted(
            (value // 8, name) for name, where, value in elf.symbols
            if where == number and any(t[0] == name and t[1] == FUNC for t in self.types.types)
        )
        if not self.functions or self.functions[0][0] != 0:
            raise SystemExit("the section does not begin with a function")
        self.read_relocations(elf.sections.get(".rel" + section, b""))
        self.read_questions(elf.sections[".BTF.ext"], section)
        self.made = MadeTypes()
        self.function_types = [self.made.function(name, self.arguments_of(name))
                               for _, name in self.functions]
        self.map_values = [self.value_of(name) for name in self.maps]

    def ask(self, instruction, question):
        self.fixes.append((instruction, self.questions.setdefault(question, len(self.questions))))

    def read_relocations(self, data):
        for offset, info in struct.iter_unpack("<QQ", data):
            at = offset // 8
            name, _, value = self.elf.symbols[info >> 32]
            code = self.code[at]
            if info & 0xFFFFFFFF == R_BPF_64_64 and code[0] == LOAD_64:
                if name in self.maps:
                    code[1] |= PSEUDO_MAP << 4
                    self.map_uses.append((at, self.maps.index(name)))
                else:
                    code[1] |= PSEUDO_FUNCTION << 4
                    code[3] = (value + code[3]) // 8 - at - 1
            elif info & 0xFFFFFFFF == R_BPF_64_32 and code[0] == CALL and not value:
                code[1] = PSEUDO_KERNEL_CALL << 4
                self.ask(at, ("function", name, "", 0))
            else:
                raise SystemExit(f"instruction {at}: unknown relocation of {name}")

    def read_questions(self, data, section):
        length = struct.unpack_from("<I", data, 4)[0]
        if length < 32:
            return
        start, size = struct.unpack_from("<II", data, 24)
        at, end = length + start + 4, length + start + size
        while at < end:
            name, count = struct.unpack_from("<II", data, at)
            at += 8
            for i in range(count):
                offset, number, access, kind = struct.unpack_from("<IIII", data, at + 16 * i)
                if self.types.string(name) == section:
                    self.add_question(offset // 8, number, self.types.string(access), kind)
            at += 16 * count

    def add_question(self, at, number, access, kind):
        name = self.types.types[number][0]
        if kind in (FIELD_OFFSET, FIELD_EXISTS):
            path, size = self.types.member(number, access)
            self.ask(at, ("offset" if kind == FIELD_OFFSET else "exists", name, path, size))
        elif kind == TYPE_ID:
            self.ask(at, ("id", name, "", 0))
        elif kind == TYPE_SIZE:
            self.ask(at, ("size", name, "", 0))
        else:
            raise SystemExit(f"instruction {at}: unknown kind of relocation {kind}")

    def arguments_of(self, function):
        _, _, proto, _ = next(t for t in self.types.types if t[0] == function and t[1] == FUNC)
        return len(self.types.types[proto][3])

    def value_of(self, name):
        """Returns the type of a map's values in the made types, if the kernel must know it, or 0."""
        _, _, number, _ = next(t for t in self.types.types if t[0] == name and t[1] == VAR)
        _, _, _, members = self.types.types[number]
        for member, pointer, _ in members:
            if self.types.string(member) == "value":
                value = self.types.types[pointer][2]
                if self.types.has_lock(value):
                    return self.made.copy(self.types, value)
        return 0

    def write(self):
        asked = {(name, path) for kind, name, path, _ in self.questions if kind == "exists"}
        tables = {
            "code": ("std::uint64_t", [
                f"{struct.unpack('<Q', struct.pack('<BBhi', *each))[0]:#018x}"
                for each in self.code]),
            "questions": ("BtfQuestion", [
                f'{{BtfQuestion::Type::{kind}, "{name}", "{path}", {size}, '
                f"{'true' if (name, path) in asked else 'false'}}}"
                for kind, name, path, size in self.questions]),
            "fixes": ("BpfProgram::Fix", [f"{{{at}, {number}}}" for at, number in self.fixes]),
            "map_uses": ("BpfProgram::Fix", [f"{{{at}, {number}}}" for at, number in self.map_uses]),
            "maps": ("BpfProgram::Map", [
                f'{{"{name}", {value}}}' for name, value in zip(self.maps, self.map_values)]),
            "functions": ("BpfProgram::Function", [
                f"{{{at}, {number}}}"
                for (at, _), number in zip(self.functions, self.function_types)]),
            "types": ("unsigned char", [str(byte) for byte in self.made.whole()]),
        }
        for name, (kind, entries) in tables.items():
            # C++ has no empty arrays.
            if entries:
                print(f"constexpr {kind} {name}_[] = {{")
                for entry in entries:
                    print(f"    {entry},")
                print("};")
        print("constexpr BpfProgram program{")
        for name, (_, entries) in tables.items():
            print(f"    .{name} = {name + '_' if entries else '{}'},")
        print("};")


def main():
    path, section, *hook = sys.argv[1:]
    with open(path, "rb") as file:
        Tables(Elf(file.read()), section, hook[0] if hook else None).write()


main()
