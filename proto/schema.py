#!/usr/bin/python3
"""Makes the row schemas of lib/host/schema.h from compiled .proto files.

Usage: schema.py ALL.desc SCHEMA.c SCHEMA.h

The descriptor set must hold proto/options.proto, whose extensions say what is a key, a secret, a unit or a format.
A table's version is a hash over what two sides must agree on to read each other's rows: names, numbers, types, labels,
keys and formats of all fields, those of sub-messages and the values of enumerations included. Comments, units and hold
times are not in it: they may change without an upgrade of both sides.
"""
import sys
import zlib

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FORMATS = ["PLAIN", "ADDRESS", "PREFIX", "MAC", "LABEL", "MOMENT", "LSR_ID"]


def load(path):
    """The descriptor set, with the options of proto/options.proto understood."""
    with open(path, "rb") as f:
        data = f.read()
    pool = descriptor_pool.Default()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        if file.name != "google/protobuf/descriptor.proto":
            pool.Add(file)
    message_factory.GetMessages([f for f in descriptor_pb2.FileDescriptorSet.FromString(data).file])
    options = pool.FindFileByName("options.proto").extensions_by_name
    # Parsed again: now the extensions are known to the classes of the options.
    return descriptor_pb2.FileDescriptorSet.FromString(data), options


def snake(name):
    out = ""
    for i, c in enumerate(name):
        if c.isupper() and i and not name[i - 1].isupper():
            out += "_"
        out += c.lower()
    return out


def quote(text):
    text = " ".join(text.split()).strip()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def comments(file):
    """Trailing or leading comments by path in the file."""
    found = {}
    for location in file.source_code_info.location:
        text = location.trailing_comments or location.leading_comments
        if text:
            found[tuple(location.path)] = text
    return found


class Schemas:
    def __init__(self, files, options):
        self.options = options
        self.messages = {}  # full name -> (package, message, help, {field number: help})
        self.enums = {}     # full name -> its values
        for file in files.file:
            if file.name.startswith("google/") or file.package in ("", "bus"):
                continue
            notes = comments(file)
            for enum in file.enum_type:
                self.enums[f".{file.package}.{enum.name}"] = enum.value
            for i, message in enumerate(file.message_type):
                if message.nested_type or message.enum_type:
                    sys.exit(f"{file.name}: {message.name}: write nested messages and enums at the top level")
                helps = {f.number: notes.get((4, i, 2, j), "") for j, f in enumerate(message.field)}
                self.messages[f".{file.package}.{message.name}"] = (file.package, message, notes.get((4, i), ""), helps)

    def extension(self, options, name):
        return options.Extensions[self.options[name]]

    def fields(self, message):
        return sorted(message.field, key=lambda f: f.number)

    def facts(self, name, seen=()):
        """What two sides must agree on to understand each other's rows."""
        _, message, _, _ = self.messages[name]
        parts = [name]
        if name in seen:
            return name
        for f in self.fields(message):
            parts.append(f"{f.number} {f.name} {f.type} {f.label} {self.extension(f.options, 'key')} "
                         f"{self.extension(f.options, 'format')}")
            if f.type == f.TYPE_MESSAGE:
                parts.append(self.facts(f.type_name, (*seen, name)))
            elif f.type == f.TYPE_ENUM:
                parts += [f"{v.number} {v.name}" for v in sorted(self.enums[f.type_name], key=lambda v: v.number)]
        return "\n".join(parts)

    def symbol(self, name):
        package, message, _, _ = self.messages[name]
        return f"{package}_{snake(message.name)}_schema"

    def row(self, name, out):
        package, message, help_text, helps = self.messages[name]
        symbol = self.symbol(name)
        out.append(f"static const struct field_schema {symbol}_fields[] = {{")
        for f in self.fields(message):
            sub = f"&{self.symbol(f.type_name)}" if f.type == f.TYPE_MESSAGE else "NULL"
            out.append(
                f'\t{{ "{f.name}", FORMAT_{FORMATS[self.extension(f.options, "format")]}, '
                f'{str(self.extension(f.options, "key")).lower()}, {str(self.extension(f.options, "secret")).lower()}, '
                f'{quote(self.extension(f.options, "unit"))}, {quote(helps[f.number])}, {sub} }},')
        out.append("};")
        lower = f"{package}__{snake(message.name)}"
        out.append(f"const struct row_schema {symbol} = {{")
        out.append(f'\t"{package}.{message.name}", "{package}d", &{lower}__descriptor, '
                   f'{zlib.crc32(self.facts(name).encode())}u, {self.extension(message.options, "hold_s")}u, '
                   f"{symbol}_fields, {quote(help_text)}")
        out.append("};")


def main():
    files, options = load(sys.argv[1])
    schemas = Schemas(files, options)
    packages = sorted({package for package, *_ in schemas.messages.values()})
    header = ["/* Made by proto/schema.py. */", "#ifndef PROTO_SCHEMA_GEN_H", "#define PROTO_SCHEMA_GEN_H",
              '#include "host/schema.h"']
    source = ["/* Made by proto/schema.py. */", '#include "proto/schema.gen.h"']
    source += [f'#include "proto/{package}.pb-c.h"' for package in packages]
    for name in schemas.messages:
        header.append(f"extern const struct row_schema {schemas.symbol(name)};")
        schemas.row(name, source)
    source.append("const struct row_schema *const schema_tables[] = {")
    for name, (_, message, _, _) in schemas.messages.items():
        if schemas.extension(message.options, "hold_s"):
            source.append(f"\t&{schemas.symbol(name)},")
    source += ["\tNULL,", "};", ""]
    header += ["#endif", ""]
    for path, lines in ((sys.argv[2], source), (sys.argv[3], header)):
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines))


main()
