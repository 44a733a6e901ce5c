#!/usr/bin/python3
"""A second reader of odrbackup's repositories, written from odrbackup-format(7) alone.

It shares no code with odrbackup: what it restores proves that the manual says what the program does. It reads
posix repositories, and is meant for tests and for the day when there is no other program; it is not fast.

Needs python3-nacl and python3-zstandard or python3-zstd. Where python3-xxhash is installed it also checks
XXH3 digests, which only find accidents.
"""

import argparse
import base64
import collections
import datetime
import grp
import hashlib
import hmac
import json
import os
import pwd
import re
import struct
import sys

import nacl.bindings
import nacl.exceptions

try:
    import zstandard
except ImportError:
    zstandard = None
    import zstd
try:
    import xxhash
except ImportError:
    xxhash = None

MIB = 1 << 20
PACK, ROOT, WAL, MANIFEST, MARK, ANCHOR = 1, 2, 3, 4, 5, 6
ROLE_WRITER = 1
FOOTER = 2**64 - 1
SET_NAME = "[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}"
TAG = 16
ABSENT, TROUBLE = 1, 126  # what restore_command tells PostgreSQL: go on without it; stop


class Trouble(Exception):
    """A sentence for the user."""


class Absent(Trouble):
    """What was asked for is provably not there."""


def within(what, function, *arguments):
    """Calls function; says what we were doing in front of its trouble."""
    try:
        return function(*arguments)
    except Absent:
        raise
    except Trouble as trouble:
        raise Trouble(f"{what}: {trouble}") from None


def need(condition, message):
    if not condition:
        raise Trouble(message)


# Bytes.


class Cursor:
    """Reads little-endian numbers and byte strings, never beyond the end."""

    def __init__(self, data, what):
        self.data, self.at, self.what = memoryview(data), 0, what

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        need(size <= self.left(), f"{self.what} ends too early")
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def u8(self):
        return self.number("B")

    def u16(self):
        return self.number("H")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def i64(self):
        return self.number("q")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            need(shift == 0 or byte != 0, f"{self.what} has a number that is not in its shortest form")
            value |= (byte & 0x7F) << shift
            need(value < 2**64, f"{self.what} has a number that is too large")
            if byte < 0x80:
                return value
            shift += 7

    def string(self, least, most):
        size = self.varint()
        need(least <= size <= most, f"{self.what} has a text of {size} bytes")
        text = self.take(size)
        need(b"\0" not in text, f"{self.what} has a text with a NUL in it")
        return text

    def fields(self):
        while self.left() > 0:
            kind, size = self.u16(), self.u32()
            yield kind, self.take(size)

    def end(self):
        need(self.left() == 0, f"{self.what} is longer than it should be")


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = crc32c_table()


def crc32c(data, state):
    """The state goes from 0xffffffff; the value is its complement."""
    table = CRC32C
    for byte in data:
        state = table[(state ^ byte) & 255] ^ state >> 8
    return state


def blake2b(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def unhex(text, size, what):
    need(isinstance(text, str) and re.fullmatch("[0-9a-f]{%d}" % (2 * size), text), f"{what} is not {2 * size} hex digits")
    return bytes.fromhex(text)


def aead_open(key, nonce, data, sealed):
    try:
        return nacl.bindings.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, data, nonce, key)
    except nacl.exceptions.CryptoError:
        return None


def signature_fits(public_key, message, signature):
    try:
        nacl.bindings.crypto_sign_open(signature + message, public_key)
    except nacl.exceptions.CryptoError:
        return False
    return True


# Key files.


def group_values(text, group):
    """The values of one group of a text in the syntax of GKeyFile."""
    values, inside = {}, False
    for line in text.split("\n"):
        line = line.strip(" \t\r")
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and line and not line.startswith("#"):
            name, separator, value = line.partition("=")
            need(separator, f"'{line}' is neither a value nor a comment")
            values[name.rstrip()] = value.lstrip()
    return values


def unescape(text):
    escapes = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\", ";": ";"}

    def one(match):
        need(match.group(1) in escapes, "a value has an escape that is unknown")
        return escapes[match.group(1)]

    return re.sub(r"\\(.?)", one, text)


class Identity:
    def __init__(self, text, passphrase):
        if "\n[odrbackup-kit]\n" in text:
            kit = group_values(text, "odrbackup-kit")
            need(kit.get("version") == "1", "its version is not 1")
            text = unescape(kit.get("identity", ""))
        values = group_values(text, "odrbackup-key")

        def value(name):
            need(name in values, f"'{name}' is missing")
            return values[name]

        need(value("version") == "1", "its version is not 1")
        need(value("type") == "identity", f"it is a key file of type {value('type')}, needed is an identity")
        self.service = unhex(value("service"), 16, "service")
        self.service_name = unescape(value("service-name"))
        self.owner = unhex(value("owner"), 32, "owner")
        self.public = unhex(value("public"), 32, "public")
        self.name = unescape(value("name"))
        scopes = {"all": 1, "wal": 2}
        need(value("scope") in scopes, "its scope is unknown")
        need(blake2b(self.public)[:8].hex() == value("fingerprint"), "its fingerprint is wrong")
        binding = b"odrbackup key 1\0identity\0" + self.service + self.owner + self.public
        binding += struct.pack("<I", scopes[value("scope")])
        payload = self.payload(value("protection"), base64.b64decode(value("secret"), validate=True), binding, passphrase)
        self.secret, self.digest_secret = payload[:32], payload[32:]
        need(nacl.bindings.crypto_scalarmult_base(self.secret) == self.public, "its secret is not that of its public key")

    @staticmethod
    def payload(protection, data, binding, passphrase):
        if protection == "none":
            need(len(data) == 64 + 16, "its secret is cut off")
            need(hmac.compare_digest(blake2b(binding + data[:64])[:16], data[64:]), "its secret is damaged")
            return data[:64]
        words = protection.split(";")
        need(len(words) == 4 and words[0] == "argon2id", "it is protected in an unknown way")
        operations, memory, salt = int(words[1]), int(words[2]), unhex(words[3], 16, "its salt")
        need(operations <= 16 and memory <= 1 << 30, "its protection asks for too much")
        need(passphrase is not None, "it is protected: give --passphrase-file")
        need(len(data) == 24 + 64 + 16, "its secret is cut off")
        key = nacl.bindings.crypto_pwhash_alg(
            32, passphrase, salt, operations, memory, nacl.bindings.crypto_pwhash_ALG_ARGON2ID13
        )
        try:
            return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(data[24:], binding, data[:24], key)
        except nacl.exceptions.CryptoError:
            raise Trouble("the passphrase does not open it, or it was altered") from None

    def digest_seed(self, label):
        return struct.unpack("<Q", blake2b(b"odrbackup digest seed 1 " + label, self.digest_secret)[:8])[0]

    def digest(self, label, data):
        """XXH3-128, or None where it cannot be computed."""
        return xxhash.xxh3_128_digest(data, self.digest_seed(label)) if xxhash else None


def identity_load(path, passphrase_path):
    passphrase = None
    if passphrase_path:
        with open(passphrase_path, "rb") as file:
            passphrase = file.read().rstrip(b"\r\n")
    with open(path, encoding="utf-8") as file:
        return within(f"identity file '{path}'", Identity, file.read(), passphrase)


# Sealed and signed objects.


class Header:
    def __init__(self, data):
        cursor = Cursor(data, "its header")
        need(cursor.take(8) == b"ODRSEAL1", "it does not begin as a sealed object does")
        version, self.kind, features, self.size = cursor.u16(), cursor.u16(), cursor.u64(), cursor.u32()
        need(version == 1, f"it has format version {version}, this reader knows version 1")
        need(features & 0xFFFFFFFF == 0, f"it needs features {features:#x} that this reader does not know")
        need(24 <= self.size <= min(16 * MIB, len(data)), "it is cut off in its header")
        self.digest = sha256(data[: self.size])
        fields = {}
        for kind, value in Cursor(data[24 : self.size], "its header").fields():
            if kind >= 0x8000:
                continue
            need(1 <= kind <= 6, f"it has header field {kind}, which this reader does not know")
            need(kind not in fields, f"it has header field {kind} twice")
            fields[kind] = value
        need(all(kind in fields for kind in range(1, 6)), "its header is incomplete")
        sizes = {1: 16, 2: 2, 3: 32, 4: 32}
        need(all(len(fields[kind]) == size for kind, size in sizes.items()), "its header has a field of a wrong size")
        need(fields[2] == b"\1\0", "it is sealed by a cipher that this reader does not know")
        self.service, self.ephemeral, self.commitment, wraps = fields[1], fields[3], fields[4], fields[5]
        self.public = fields.get(6, b"")
        need(len(wraps) % 80 == 0 and 1 <= len(wraps) // 80 <= 16, "its header has a wrong number of recipients")
        rows = [(wraps[at : at + 32], wraps[at + 32 : at + 80]) for at in range(0, len(wraps), 80)]
        self.wraps = dict(rows)
        need(len(self.wraps) == len(rows), "its header names a recipient twice")


class Opener:
    """Opens the chunks of one object."""

    def __init__(self, header, identity):
        need(header.service == identity.service, "it belongs to another service")
        need(identity.public in header.wraps, f"identity '{identity.name}' is not among its recipients")
        try:
            shared = nacl.bindings.crypto_scalarmult(identity.secret, header.ephemeral)
        except nacl.exceptions.CryptoError:
            raise Trouble("its ephemeral key is unusable") from None
        need(any(shared), "its ephemeral key is unusable")
        label = b"odrbackup wrap 1\0"
        wrapping_key = blake2b(label + header.service + header.ephemeral + identity.public + shared)
        key = aead_open(wrapping_key, bytes(12), None, header.wraps[identity.public])
        need(key is not None, "its wrapped key is not authentic")
        commitment = blake2b(b"odrbackup commitment 1", key)
        need(hmac.compare_digest(commitment, header.commitment), "its header commits to another key")
        self.key, self.header_digest = blake2b(b"odrbackup chunk key 1", key), header.digest

    def open(self, number, sealed, what):
        need(len(sealed) >= TAG, f"{what} is cut off")
        nonce = struct.pack("<IQ", 0, number)
        data = self.header_digest + struct.pack("<QI", number, len(sealed) - TAG)
        plain = aead_open(self.key, nonce, data, sealed)
        need(plain is not None, f"{what} is not authentic")
        return plain

    def chunk(self, number, sealed, size):
        packed = self.open(number, sealed, f"chunk {number}")
        need(1 <= size <= MIB, f"chunk {number} has a wrong size")
        content = within(f"chunk {number}", unpack, packed)
        need(len(content) == size, f"chunk {number} has {len(content)} bytes instead of {size}")
        return content


def unpack(packed):
    need(packed, "it has no codec")
    codec, data = packed[0], packed[1:]
    need(codec in (0, 1), f"it has codec {codec}, which this reader does not know")
    if codec == 0:
        return data
    try:
        if zstandard:
            return zstandard.ZstdDecompressor().decompress(data, max_output_size=MIB)
        return zstd.decompress(data)
    except Exception as error:
        raise Trouble(f"it cannot be decompressed: {error}") from None


Row = collections.namedtuple("Row", "offset sealed_size size digest")


class SealedObject:
    """A whole sealed object, without a signature block. The key is not needed before open()."""

    def __init__(self, data, kind):
        self.data = data
        self.header = Header(data)
        need(self.header.kind == kind, f"it is of kind {self.header.kind}, not {kind}")
        need(len(data) >= self.header.size + 16 and data[-8:] == b"ODREND01", "it does not end as a sealed object does")
        footer_size, self.count = struct.unpack("<II", data[-16:-8])
        self.footer_at = len(data) - 16 - footer_size
        fits = footer_size == 4 + 32 * self.count + TAG and self.footer_at >= self.header.size
        need(fits, "its trailer is wrong")

    def open(self, identity):
        self.opener = Opener(self.header, identity)
        footer = Cursor(self.opener.open(FOOTER, self.data[self.footer_at : -16], "its footer"), "its footer")
        need(footer.u32() == self.count, "its footer and trailer differ")
        self.rows = [Row(footer.u64(), footer.u32(), footer.u32(), footer.take(16)) for _ in range(self.count)]
        footer.end()
        for number, row in enumerate(self.rows):
            fits = self.header.size <= row.offset and row.offset + row.sealed_size <= self.footer_at
            need(fits, f"chunk {number} lies outside of it")
        return self

    def chunk(self, number, identity):
        row = self.rows[number]
        content = self.opener.chunk(number, self.data[row.offset : row.offset + row.sealed_size], row.size)
        need(identity.digest(b"content", content) in (None, row.digest), f"chunk {number} has a wrong digest")
        return content

    def content(self, identity):
        """Of a signed object: its chunks are full, and stand back to back."""
        at, parts = self.header.size, []
        for number, row in enumerate(self.rows):
            need(row.offset == at, f"chunk {number} is not where it should be")
            need(row.size == MIB or number + 1 == self.count, f"chunk {number} is not full")
            at += row.sealed_size
            parts.append(self.chunk(number, identity))
        return b"".join(parts)


BLOCK = 2 + 116 + 64 + 4 + 8


def signed_content(data, local, identity):
    """What stands before the signature block of a writer, which must fit it and the object's name."""
    need(len(data) > BLOCK, "it is too short to be signed")
    content, block = data[:-BLOCK], data[-BLOCK:]
    need(block[-8:] == b"ODRSIGN1", "it does not end with a signature")
    version, endorsement, signature, size = struct.unpack("<H116s64sI", block[:-8])
    need(version == 1 and size == BLOCK, f"its signature is of version {version}, this reader knows version 1")
    public_key, role, valid_from, valid_until = struct.unpack("<32sIqq", endorsement[:52])
    message = b"odrbackup endorsement 1\0" + identity.service + endorsement[:52]
    need(signature_fits(identity.owner, message, endorsement[52:]), "its signer is not endorsed by the owner")
    need(role == ROLE_WRITER, f"it is signed in role {role}, due is a writer")
    need(valid_until >= 0, "its endorsement is damaged")
    name = local.encode()
    message = b"odrbackup signature 1\0" + identity.service + struct.pack("<I", len(name)) + name + sha256(content)
    need(signature_fits(public_key, message, signature), "its signature does not fit its content and name")
    return content


class SignedObject(SealedObject):
    def __init__(self, data, kind, local, identity):
        content = signed_content(data, local, identity)
        self.signed_sha256 = sha256(content)
        super().__init__(content, kind)
        need(self.header.service == identity.service, "it belongs to another service")


# Repositories.


class Repository:
    def __init__(self, root, identity):
        self.root, self.identity = root, identity
        self.folder = os.path.join(root, identity.service.hex())
        need(os.path.isdir(root), f"there is no folder '{root}'")
        need(os.path.isdir(self.folder), f"'{root}' has nothing of service {identity.service_name}")
        self.packs = {}
        self.chunks = collections.OrderedDict()  # the last ones that were opened
        try:
            with open(os.path.join(root, "repository"), "rb") as file:
                found = json.loads(file.read(4096))
        except FileNotFoundError:
            return
        need(found.get("format") == 1, f"the repository has format {found.get('format')}, this reader knows format 1")

    def get(self, local):
        try:
            with open(os.path.join(self.folder, local), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Absent(f"there is no '{local}'") from None

    def get_named(self, local, digest):
        data = self.get(local)
        need(sha256(data) == digest, f"'{local}' does not have the SHA-256 of its name")
        return data

    def list(self, folder):
        """Local names in a folder, oldest first by the store's time."""
        path = os.path.join(self.folder, folder)
        if not os.path.isdir(path):
            return []
        names = [name for name in os.listdir(path) if not name.startswith(".")]
        names.sort(key=lambda name: (os.stat(os.path.join(path, name)).st_mtime_ns, name))
        return [f"{folder}/{name}" for name in names]

    # Sets.

    def sets(self):
        """All sets that verify, oldest first; and a sentence for each that does not."""
        found, troubles = [], []
        for local in self.list("set"):
            try:
                found.append(self.set(local[4:]))
            except Trouble as trouble:
                troubles.append(str(trouble))
        return found, troubles

    def set(self, name):
        need(re.fullmatch(SET_NAME, name), f"'{name}' is not the id of a set")
        return within(f"set {name}", Manifest, self.get(f"set/{name}"), name, self.identity)

    def moments(self, part):
        """All moments of a part that verify, oldest first; and a sentence for each that does not."""
        found, troubles = [], []
        for local in self.list(f"moment/{part}"):
            try:
                found.append(within(f"'{local}'", Moment, self.get(local), local, self.identity))
            except Trouble as trouble:
                troubles.append(str(trouble))
        return found, troubles

    def marks(self):
        """All marks that verify, oldest first; and a sentence for each that does not."""
        found, troubles = [], []
        for local in self.list("mark"):
            try:
                found.append(within(f"'{local}'", Mark, self.get(local), local, self.identity))
            except Trouble as trouble:
                troubles.append(str(trouble))
        return found, troubles

    def anchors(self):
        """All anchors that verify, oldest first; and a sentence for each that does not."""
        found, troubles = [], []
        for local in self.list("anchor"):
            try:
                found.append(within(f"'{local}'", Anchor, self.get(local), local, self.identity))
            except Trouble as trouble:
                troubles.append(str(trouble))
        return found, troubles

    # Packs.

    def pack(self, generation, row):
        """Reads a whole pack once, to check it; keeps what opens its chunks."""
        if row.name not in self.packs:
            local = f"pack/{generation}/{row.name.hex()[:2]}/{row.name.hex()}"
            self.packs[row.name] = within(f"pack '{local}'", Pack, self.get_named(local, row.name), local, row, self.identity)
        return self.packs[row.name]

    def chunk(self, table, place):
        need(place.pack < len(table.rows), f"there is no pack {place.pack} in the table")
        row = table.rows[place.pack]
        key = (row.name, place.chunk)
        if key not in self.chunks:
            pack = self.pack(table.generation, row)
            with open(os.path.join(self.folder, pack.local), "rb") as file:
                file.seek(place.offset)
                sealed = file.read(place.sealed_size)
            self.chunks[key] = within(f"pack '{pack.local}'", pack.chunk, place, sealed)
            if len(self.chunks) > 32:
                self.chunks.popitem(last=False)
        self.chunks.move_to_end(key)
        return self.chunks[key]

    # WAL.

    def wal(self, file):
        timeline = re.match("[0-9A-F]{8}", file)
        known = "[0-9A-F]{24}([.]partial|[.][0-9A-F]{8}[.]backup)?|[0-9A-F]{8}[.]history"
        need(re.fullmatch(known, file), f"'{file}' is not the name of a WAL file")
        form = re.compile(re.escape(f"wal/{timeline.group()}/{file}-") + "([0-9a-f]{32})([.]([1-9][0-9]*)of([1-9][0-9]*))?")
        held = {}
        for local in self.list(f"wal/{timeline.group()}"):
            match = form.fullmatch(local)
            if match:
                piece, pieces = (int(match.group(3)), int(match.group(4))) if match.group(2) else (1, 1)
                held.setdefault((match.group(1), pieces), {})[piece] = local
        if not held:
            raise Absent(f"there is no WAL file {file}")
        return self.wal_choose(file, held)

    def wal_choose(self, file, held):
        candidates = list(held.items())
        if len(candidates) > 1:
            listed = {local for found in self.sets()[0] for local in (found.public["wal"] or {"objects": []})["objects"]}
            candidates.sort(key=lambda item: 0 if set(item[1].values()) & listed else 1)
            print(f"there are {len(candidates)} objects for WAL file {file}: one was chosen", file=sys.stderr)
        troubles = []
        for (digest, count), pieces in candidates:
            try:
                return self.wal_read(file, bytes.fromhex(digest), count, pieces)
            except Trouble as trouble:
                troubles.append(str(trouble))
        raise Trouble("; ".join(troubles))

    def wal_read(self, file, digest, count, pieces):
        content = b""
        for piece in range(1, count + 1):
            need(piece in pieces, f"WAL file {file}: piece {piece} of {count} is missing")
            content += within(f"'{pieces[piece]}'", self.wal_piece, file, pieces[piece], piece, count, len(content))
        need(self.identity.digest(b"wal", content) in (None, digest), f"WAL file {file} does not have the digest of its name")
        return content

    def wal_piece(self, file, local, piece, count, offset):
        signed = SignedObject(self.get(local), WAL, local, self.identity)
        fields = {}
        for kind, value in Cursor(signed.header.public, "its public part").fields():
            need(kind not in fields, f"it has field {kind} twice")
            need(1 <= kind <= 5 or kind >= 0x8000, f"it has field {kind}, which this reader does not know")
            fields[kind] = value
        need(all(kind in fields for kind in range(1, 6)), "its public part is incomplete")
        need(fields[1] == file.encode(), "it holds another file")
        need([len(fields[kind]) for kind in (2, 3, 4, 5)] == [8, 8, 4, 16], "its public part has a wrong size")
        size = struct.unpack("<Q", fields[2])[0]
        need(struct.unpack("<IIQ", fields[5]) == (piece, count, offset), "it holds another piece")
        need(size <= 1 << 30 and count == max(1, -(-size // (32 * MIB))), "its size and pieces do not agree")
        content = signed.open(self.identity).content(self.identity)
        need(len(content) == min(32 * MIB, size - offset), "its content has a wrong size")
        return content


class Pack:
    def __init__(self, data, local, row, identity):
        sealed = SealedObject(data, PACK)
        need(len(data) == row.size, "it does not have the size of its table")
        need(sealed.header.digest == row.header, "its header is not the one its table names")
        sealed.open(identity)
        self.local, self.rows, self.opener, self.identity = local, sealed.rows, sealed.opener, identity

    def chunk(self, place, sealed):
        need(place.chunk < len(self.rows), f"it has no chunk {place.chunk}")
        row = self.rows[place.chunk]
        same = (place.offset, place.sealed_size, place.size) == row[:3]
        need(same, f"chunk {place.chunk} is not where its layer says")
        content = self.opener.chunk(place.chunk, sealed, place.size)
        need(self.identity.digest(b"content", content) in (None, row.digest), f"chunk {place.chunk} has a wrong digest")
        return content


TableRow = collections.namedtuple("TableRow", "name size header")


class Table:
    def __init__(self, data):
        cursor = Cursor(data, "it")
        need(cursor.take(8) == b"ODRTABL1", "it is not a table of packs")
        version, zero, features = cursor.u16(), cursor.u16(), cursor.u64()
        need(version == 1, f"it has version {version}, this reader knows version 1")
        need(zero == 0 and features & 0xFFFFFFFF == 0, f"it needs features {features:#x} that this reader does not know")
        self.generation = cursor.take(cursor.u16()).decode("ascii", "replace")
        need(re.fullmatch("[0-9]{8}-[0-9a-f]{16}", self.generation), "it names no generation")
        count = cursor.u32()
        need(count <= 800000, "it has too many rows")
        self.rows = [TableRow(cursor.take(32), cursor.u64(), cursor.take(32)) for _ in range(count)]
        cursor.end()


# Layers.

DIRECTORY, FILE, SYMLINK, TOMBSTONE = 1, 2, 3, 4
PATCH, DAMAGED, PAGED, HAS_CRC32C, HAS_SHA1 = 1, 2, 4, 8, 16
DATA, ZERO, INHERITED = 1, 2, 3

Place = collections.namedtuple("Place", "pack chunk offset sealed_size size")
Extent = collections.namedtuple("Extent", "kind length place slice table")


class Entry:
    def __init__(self, cursor, table):
        self.kind, self.flags = cursor.u8(), cursor.u16()
        self.path = cursor.string(1, 4096)
        need(all(part not in (b"", b".", b"..") for part in self.path.split(b"/")), f"the path {self.path!r} is not safe")
        need(DIRECTORY <= self.kind <= TOMBSTONE, f"{self.path!r} is of kind {self.kind}, which this reader does not know")
        known = 31 if self.kind == FILE else 0
        need(self.flags & ~known == 0, f"{self.path!r} has flags {self.flags:#x} that this reader does not know")
        if self.kind != TOMBSTONE:
            self.mode, self.uid, self.gid = cursor.varint(), cursor.varint(), cursor.varint()
            need(self.mode <= 0o7777 and self.uid < 2**32 and self.gid < 2**32, f"{self.path!r} has an impossible owner or mode")
            self.owner, self.group = cursor.string(0, 255), cursor.string(0, 255)
            self.mtime_ns = cursor.i64()
        if self.kind == SYMLINK:
            self.link = cursor.string(1, 4096)
        if self.kind == FILE:
            self.size, self.digest = cursor.varint(), cursor.take(16)
            self.crc32c = cursor.u32() if self.flags & HAS_CRC32C else None
            self.sha1 = cursor.take(20) if self.flags & HAS_SHA1 else None
            self.extents = self.read_extents(cursor, table)
            need(sum(extent.length for extent in self.extents) == self.size, f"{self.path!r} is not covered by its extents")
        cursor.end()

    def read_extents(self, cursor, table):
        extents, before = [], None
        for _ in range(cursor.varint()):
            extent = self.read_extent(cursor, table, before)
            before = extent if extent.kind == DATA else before
            extents.append(extent)
        return extents

    def read_extent(self, cursor, table, before):
        bits, length = cursor.u8(), cursor.varint()
        kind, same, following = bits & 3, bits & 0x08, bits & 0x10
        length *= 8192 if bits & 0x04 else 1
        fits = bits < 0x80 and kind != 0 and length > 0 and (kind == DATA or bits & 0x78 == 0)
        fits = fits and (before or not (same or following)) and not (same and bits & 0x30)
        need(fits and (kind != INHERITED or self.flags & PATCH), f"{self.path!r} has an impossible extent")
        if kind != DATA:
            return Extent(kind, length, None, 0, None)
        if same:
            place, start = before.place, before.slice + before.length
        else:
            place, start = self.read_place(cursor, bits, length, before), 0
        if bits & 0x40:
            start = cursor.varint()
        need(start + length <= place.size <= MIB, f"{self.path!r} has a slice beyond its chunk")
        need(place.sealed_size <= place.size + 1 + TAG, f"{self.path!r} has a chunk of impossible size")
        return Extent(DATA, length, place, start, table)

    @staticmethod
    def read_place(cursor, bits, length, before):
        if bits & 0x10:
            pack, chunk, offset = before.place.pack, before.place.chunk + 1, before.place.offset + before.place.sealed_size
        else:
            pack, chunk, offset = cursor.varint(), cursor.varint(), cursor.varint()
        sealed_size = cursor.varint()
        return Place(pack, chunk, offset, sealed_size, length if bits & 0x20 else cursor.varint())


def layer_read(repository, generation, reference):
    """The entries of one layer, in order of path."""
    table_name = unhex(reference["table"], 32, "table")
    root_name = unhex(reference["root"], 32, "root")
    table_local = f"table/{table_name.hex()}"
    table = within(f"'{table_local}'", Table, repository.get_named(table_local, table_name))
    need(table.generation == generation, f"'{table_local}' is of another generation")
    root_local = f"pack/{generation}/{root_name.hex()[:2]}/{root_name.hex()}"
    data = repository.get_named(root_local, root_name)
    need(len(data) == reference["root_size"], f"'{root_local}' has a wrong size")
    root = within(f"'{root_local}'", lambda: SealedObject(data, ROOT).open(repository.identity))
    last = b""
    for number in range(root.count):
        records = Cursor(within(f"'{root_local}'", root.chunk, number, repository.identity), "a record of the root")
        while records.left() > 0:
            place = Place(records.u32(), records.u32(), records.u64(), records.u32(), records.u32())
            first = records.take(records.u16())
            chunk = Cursor(repository.chunk(table, place), "a chunk of entries")
            for index in range(sys.maxsize):
                if chunk.left() == 0:
                    break
                entry = Entry(Cursor(chunk.take(chunk.u32()), "an entry"), table)
                need(index > 0 or entry.path == first, f"the root says {first!r} where {entry.path!r} is")
                need(last < entry.path, f"{entry.path!r} is not in the order of paths")
                last = entry.path
                yield entry


def inherited(path, earlier, offset, length):
    """What the earlier content has from offset on."""
    need(earlier is not None and earlier.kind == FILE, f"{path!r} inherits from nothing")
    found = []
    for extent in earlier.extents:
        skip = min(offset, extent.length)
        take = min(length, extent.length - skip)
        if take > 0:
            found.append(extent._replace(length=take, slice=extent.slice + skip))
        offset -= skip
        length -= take
    need(length == 0, f"{path!r} inherits beyond the end")
    return found


def entries_of(repository, part):
    """The content of a part: its layers, merged."""
    merged = {}
    for reference in part["layers"]:
        for entry in layer_read(repository, part["generation"], reference):
            earlier = merged.get(entry.path)
            if entry.kind != DIRECTORY and earlier and earlier.kind == DIRECTORY:
                below = entry.path + b"/"
                merged = {path: kept for path, kept in merged.items() if not path.startswith(below)}
            if entry.kind == TOMBSTONE:
                merged.pop(entry.path, None)
                continue
            if entry.kind == FILE:
                resolved, offset = [], 0
                for extent in entry.extents:
                    whole = extent.kind != INHERITED
                    resolved += [extent] if whole else inherited(entry.path, earlier, offset, extent.length)
                    offset += extent.length
                entry.extents = resolved
            merged[entry.path] = entry
    return [merged[path] for path in sorted(merged)]


# Manifests.


def json_parse(text, what):
    def pairs(members):
        need(len(dict(members)) == len(members), f"{what} has a member twice")
        return dict(members)

    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=pairs)
    except ValueError as error:
        raise Trouble(f"{what} is not JSON: {error}") from None
    need(isinstance(value, dict), f"{what} is not an object")
    return value


def member(values, name, kind, what):
    value = values.get(name)
    fits = isinstance(value, kind) and not (kind is int and (isinstance(value, bool) or not 0 <= value < 2**63))
    need(fits, f"{what}: '{name}' is missing or wrong")
    return value


class Manifest:
    def __init__(self, data, name, identity):
        self.name = name
        signed = SignedObject(data, MANIFEST, f"set/{name}", identity)
        self.sha256 = signed.signed_sha256
        self.public = json_parse(signed.header.public, "the public part")
        self.check_public(name, identity)
        self.sealed = json_parse(signed.open(identity).content(identity), "the sealed part")

    def check_public(self, name, identity):
        what = "the public part"
        found = member(self.public, "format", int, what)
        need(found == 1, f"it has format {found}, this reader knows format 1")
        critical = self.public.get("critical", [])
        need(critical == [], f"it needs features that this reader does not know: {critical}")
        need(member(self.public, "set", str, what) == name, "it is the manifest of another set")
        need(member(self.public, "service", str, what) == identity.service.hex(), "it belongs to another service")
        sequence = member(self.public, "sequence", int, what)
        need((sequence == 1) == (self.public.get("previous") is None), "its place in the chain is impossible")
        need(self.public.get("wal") is None or isinstance(self.public["wal"], dict), f"{what}: 'wal' is wrong")
        self.parts = {}
        for part in member(self.public, "parts", list, what):
            label = member(part, "part", str, "a part")
            need(label in ("database", "filestore", "config"), f"it has the part '{label}', which this reader does not know")
            need(label not in self.parts, f"it has the part '{label}' twice")
            generation = member(part, "generation", str, label)
            need(re.fullmatch("[0-9]{8}-[0-9a-f]{16}", generation), f"{label}: '{generation}' is not a generation")
            need(1 <= len(member(part, "layers", list, label)) <= 32, f"{label}: a wrong number of layers")
            self.parts[label] = part

    def text(self, name):
        """A text of the sealed part, as bytes, or None."""
        if self.sealed.get(name + "_hex") is not None:
            need(self.sealed.get(name) is None, f"'{name}' is there twice")
            return bytes.fromhex(member(self.sealed, name + "_hex", str, "the sealed part"))
        return None if self.sealed.get(name) is None else member(self.sealed, name, str, "the sealed part").encode()


class Moment:
    """As of a time, a part held what a set holds."""

    def __init__(self, data, local, identity):
        cursor = Cursor(signed_content(data, local, identity), "it")
        need(cursor.take(8) == b"ODRMOMT1", "it does not begin as a moment does")
        version, unused, features = cursor.u16(), cursor.u16(), cursor.u64()
        need(version == 1 and unused == 0, f"it has version {version}, this reader knows version 1")
        need(features & 0xFFFFFFFF == 0, f"it needs features {features:#x} that this reader does not know")
        fields = {}
        for kind, value in cursor.fields():
            if kind >= 0x8000:
                continue
            need(1 <= kind <= 4 and kind not in fields, f"it has field {kind} twice, or this reader does not know it")
            fields[kind] = value
        need(len(fields) == 4 and len(fields[4]) == 8, "it lacks a field")
        need(fields[1] == identity.service, "it belongs to another service")
        self.part, self.set, self.started_us = fields[2].decode(), fields[3].decode(), struct.unpack("<q", fields[4])[0]
        need(local.startswith(f"moment/{self.part}/"), "it is a moment of another part")
        need(re.fullmatch(SET_NAME, self.set) and self.started_us >= 0, "a field of it is wrong")


class Mark:
    """A named point to come back to."""

    def __init__(self, data, local, identity):
        signed = SignedObject(data, MARK, local, identity)
        public = json_parse(signed.header.public, "the public part")
        what = "the public part"
        found = member(public, "format", int, what)
        need(found == 1, f"it has format {found}, this reader knows format 1")
        need(f"mark/{member(public, 'mark', str, what)}" == local, "it is the mark of another name")
        need(member(public, "service", str, what) == identity.service.hex(), "it belongs to another service")
        self.made_us, self.lsn, self.timeline = member(public, "made_us", int, what), None, None
        if public.get("wal") is not None:
            wal = member(public, "wal", dict, what)
            self.timeline, self.lsn = member(wal, "timeline", int, what), member(wal, "lsn", str, what)
        sealed = json_parse(signed.open(identity).content(identity), "the content")
        self.name = member(sealed, "name", str, "the content")
        self.note = None if sealed.get("note") is None else member(sealed, "note", str, "the content")
        need(local == f"mark/{mark_id(self.name, self.made_us, identity)}", "name and time are not those of its object")


def mark_id(name, made_us, identity):
    digest = hmac.new(identity.digest_secret, b"odrbackup mark 1 " + name.encode(), "sha256").digest()[:8]
    time = datetime.datetime.fromtimestamp(made_us // 1000000, datetime.timezone.utc)
    return f"{time:%Y%m%dT%H%M%SZ}-{digest.hex()}"


class Anchor:
    """Figures of the business around a mark."""

    BASES = "identical", "equal", "different", "unknown"

    def __init__(self, data, local, identity):
        signed = SignedObject(data, ANCHOR, local, identity)
        public = json_parse(signed.header.public, "the public part")
        what = "the public part"
        found = member(public, "format", int, what)
        need(found == 1, f"it has format {found}, this reader knows format 1")
        need(f"anchor/{member(public, 'anchor', str, what)}" == local, "it is the anchor of another name")
        need(member(public, "service", str, what) == identity.service.hex(), "it belongs to another service")
        self.made_us = member(public, "made_us", int, what)
        sealed = json_parse(signed.open(identity).content(identity), "the content")
        self.name = member(sealed, "name", str, "the content")
        self.timeline, self.lsn = member(sealed, "timeline", int, "the content"), member(sealed, "lsn", str, "the content")
        need(local == f"anchor/{mark_id(self.name, self.made_us, identity)}", "name and time are not those of its object")
        self.figures = member(sealed, "figures", list, "the content")
        for figure in self.figures:
            self.check(figure)

    def check(self, figure):
        basis = member(figure, "basis", str, "a figure")
        need(basis in self.BASES, f"a figure has the unknown basis {basis}")
        unhex(member(figure, "sha256", str, "a figure"), 32, "a figure's sha256")
        self.check_rows(figure.get("before"), basis != "unknown")
        self.check_rows(figure.get("after"), basis == "different")

    @staticmethod
    def check_rows(rows, wanted):
        need((rows is not None) == wanted, "a figure has not the rows of its basis")
        if rows is not None:
            width = len(member(rows, "columns", list, "rows"))
            cells = [cell for row in member(rows, "rows", list, "rows") for cell in row]
            need(all(len(row) == width for row in rows["rows"]), "a figure has a row of another width")
            need(all(cell is None or isinstance(cell, str) for cell in cells), "a figure has a cell that is no text")


# Restoring.


def tablespace_map_parse(text):
    """oid → path of PostgreSQL's tablespace_map."""
    lines = re.findall(rb"((?:[^\\\n\r]|\\.)*)[\n\r]", text + b"\n", re.DOTALL)
    places = {}
    for line in lines:
        if line:
            oid, _, path = line.partition(b" ")
            places[int(oid)] = re.sub(rb"\\(.)", rb"\1", path, flags=re.DOTALL)
    return places


def tablespace_map_print(places):
    lines = [b"%d %s\n" % (oid, re.sub(rb"([\\\n\r])", rb"\\\1", path)) for oid, path in sorted(places.items())]
    return b"".join(lines)


class Restore:
    """Entries into files; what a part asks for besides is the business of its class."""

    part = None

    def __init__(self, repository, manifest, directory, sync):
        self.sync = os.sync if sync else lambda: None
        self.repository, self.manifest, self.root = repository, manifest, os.fsencode(os.path.abspath(directory))
        self.links = {}  # path of a symbolic link in the set → what it stands for

    def path_of(self, entry):
        """Where an entry goes; never through a link of the set."""
        parts = entry.path.split(b"/")
        for length in range(1, len(parts)):
            need(self.links.get(b"/".join(parts[:length]), True), f"{entry.path!r} lies below a symbolic link")
        relative = b"/".join(parts[1:])
        return os.path.join(self.root, relative) if relative else self.root

    def entries(self):
        need(self.part in self.manifest.parts, f"set {self.manifest.name} has no {self.part} part")
        return entries_of(self.repository, self.manifest.parts[self.part])

    @staticmethod
    def make_empty(path):
        os.makedirs(path, mode=0o700, exist_ok=True)
        need(not os.listdir(path), f"'{os.fsdecode(path)}' is not empty")

    def make_file(self, entry, path):
        within(f"{os.fsdecode(entry.path)}", self.write, entry, path)
        self.attributes(entry, path)

    def finish_folders(self, entries):
        for entry in reversed(entries):
            if entry.kind == DIRECTORY:
                self.attributes(entry, self.path_of(entry))

    def write(self, entry, path):
        crc, sha1, blocks, block = 0xFFFFFFFF, hashlib.sha1(), [], b""
        with open(path, "xb") as file:
            for content in self.content(entry):
                file.write(content)
                crc = crc32c(content, crc) if entry.crc32c is not None else crc
                sha1.update(content)
                block += content
                while len(block) > MIB:
                    blocks.append(self.repository.identity.digest(b"content", block[:MIB]))
                    block = block[MIB:]
        need(entry.crc32c in (None, crc ^ 0xFFFFFFFF), "it has a wrong CRC-32C")
        need(entry.sha1 in (None, sha1.digest()), "it has a wrong SHA-1")
        blocks.append(self.repository.identity.digest(b"content", block))
        if xxhash:
            joined = blocks[0] if len(blocks) == 1 else self.repository.identity.digest(b"content", b"".join(blocks))
            need(joined == entry.digest, "it has a wrong content digest")

    def content(self, entry):
        for extent in entry.extents:
            if extent.kind == DATA:
                yield self.repository.chunk(extent.table, extent.place)[extent.slice : extent.slice + extent.length]
                continue
            left = extent.length
            while left > 0:
                yield bytes(min(left, MIB))
                left -= min(left, MIB)

    @staticmethod
    def owner_of(entry):
        try:
            uid = pwd.getpwnam(entry.owner.decode()).pw_uid
        except (KeyError, UnicodeDecodeError):
            uid = entry.uid
        try:
            gid = grp.getgrnam(entry.group.decode()).gr_gid
        except (KeyError, UnicodeDecodeError):
            gid = entry.gid
        return uid, gid

    def attributes(self, entry, path):
        if os.geteuid() == 0:
            os.chown(path, *self.owner_of(entry))
        os.chmod(path, entry.mode)
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns))


class RestoreDatabase(Restore):
    """The database part of a set into a new directory."""

    part = "database"
    CONTROL = b"pgdata/global/pg_control"

    def __init__(self, repository, manifest, directory, sync, tablespaces):
        super().__init__(repository, manifest, directory, sync)
        self.tablespaces = tablespaces  # oid → where the user wants it

    def run(self):
        entries = [entry for entry in self.entries() if entry.path == b"pgdata" or entry.path.startswith(b"pgdata/")]
        need(entries and entries[0].path == b"pgdata", "the set has no data directory")
        need(any(entry.path == self.CONTROL and entry.kind == FILE for entry in entries), "the set has no pg_control")
        self.plan_tablespaces(entries)
        self.make_empty(self.root)
        for oid in self.links.values():
            if oid is not None:
                self.make_empty(self.tablespaces[oid])
        for entry in entries:
            self.make(entry)
        self.write_labels(entries[0])
        self.finish_folders(entries)
        self.sync()
        control = os.path.join(self.root, b"global/pg_control")
        os.rename(control + b".new", control)
        self.sync()
        return len(entries)

    def plan_tablespaces(self, entries):
        known = tablespace_map_parse(self.manifest.text("tablespace_map") or b"")
        for entry in entries:
            if entry.kind != SYMLINK:
                continue
            match = re.fullmatch(rb"pgdata/pg_tblspc/([1-9][0-9]*)", entry.path)
            self.links[entry.path] = int(match.group(1)) if match else None
        for oid in filter(None, self.links.values()):
            need(oid in known, f"the set links tablespace {oid}, but its tablespace_map does not have it")
            need(oid in self.tablespaces, f"tablespace {oid} lay at {known[oid]!r}: give --tablespace {oid}=DIRECTORY")

    def make(self, entry):
        path = self.path_of(entry)
        if entry.kind == DIRECTORY:
            os.makedirs(path, mode=0o700, exist_ok=True)
        elif entry.kind == SYMLINK:
            oid = self.links[entry.path]
            os.symlink(entry.link if oid is None else self.tablespaces[oid], path)
        else:
            self.make_file(entry, path + (b".new" if entry.path == self.CONTROL else b""))

    def write_labels(self, root):
        texts = {b"backup_label": self.manifest.text("backup_label")}
        need(texts[b"backup_label"], "the set has no backup_label")
        places = {oid: self.tablespaces[oid] for oid in self.links.values() if oid is not None}
        if places:
            texts[b"tablespace_map"] = tablespace_map_print(places)
        for name, text in texts.items():
            path = os.path.join(self.root, name)
            with open(path, "xb") as file:
                file.write(text)
            os.chmod(path, root.mode & 0o640)
            if os.geteuid() == 0:
                os.chown(path, *self.owner_of(root))


class RestoreFilestore(Restore):
    """The filestore part of a set into a new directory, with a folder for each tree."""

    part = "filestore"

    def run(self):
        entries = self.entries()
        need(all(entry.path.split(b"/")[0] == b"filestore" for entry in entries), "the set has paths outside of the filestore")
        self.make_empty(self.root)
        for entry in entries:
            path = self.path_of(entry)
            if entry.kind == DIRECTORY:
                os.makedirs(path, mode=0o700, exist_ok=True)
            elif entry.kind == SYMLINK:
                self.links[entry.path] = None
                os.symlink(entry.link, path)
            else:
                self.make_file(entry, path)
        self.finish_folders(entries)
        self.sync()
        return len(entries)


# Commands.


def time_text(time_us):
    return datetime.datetime.fromtimestamp(time_us / 1e6, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def command_list(repository, _):
    found, troubles = repository.sets()
    for manifest in found:
        wal = manifest.public["wal"] or {}
        created = time_text(manifest.public["created_us"])
        parts = ",".join(f"{name}:{part['kind']}" for name, part in manifest.parts.items())
        print(manifest.name, created, parts, wal.get("start", "-"), wal.get("stop", "-"), sep="\t")
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return 1 if troubles else 0


def command_moments(repository, arguments):
    found, troubles = repository.moments(arguments.part)
    for moment in found:
        print(time_text(moment.started_us), moment.set, sep="\t")
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return 1 if troubles else 0


def command_marks(repository, _):
    found, troubles = repository.marks()
    for mark in found:
        print(mark.name, time_text(mark.made_us), mark.timeline or "-", mark.lsn or "-", mark.note or "", sep="\t")
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return 1 if troubles else 0


def command_anchors(repository, _):
    found, troubles = repository.anchors()
    for anchor in found:
        for figure in anchor.figures:
            before = json.dumps(figure["before"] and figure["before"]["rows"], separators=(",", ":"))
            after = json.dumps(figure["after"] and figure["after"]["rows"], separators=(",", ":"))
            print(anchor.name, anchor.lsn, figure["database"], figure["query"], figure["basis"], before, after, sep="\t")
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return 1 if troubles else 0


def command_restore(repository, arguments):
    tablespaces = {}
    for text in arguments.tablespace:
        oid, separator, path = text.partition("=")
        need(separator and oid.isdigit() and path, f"'{text}' is not OID=DIRECTORY")
        tablespaces[int(oid)] = os.fsencode(os.path.abspath(path))
    name = arguments.set
    if name == "latest":
        found, _ = repository.sets()
        need(found, "there is no set")
        name = found[-1].name
    common = (repository, repository.set(name), arguments.directory, not arguments.no_sync)
    if arguments.part == "filestore":
        count = RestoreFilestore(*common).run()
    else:
        count = RestoreDatabase(*common, tablespaces).run()
    print(f"restored {count} entries of set {name}")
    return 0


def command_wal(repository, arguments):
    content = repository.wal(arguments.file)
    aside = f"{arguments.destination}.{os.getpid()}.new"
    with open(aside, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(aside, arguments.destination)
    return 0


def arguments_parse():
    parser = argparse.ArgumentParser(description="Reads a repository of odrbackup, without odrbackup.")
    parser.add_argument("--repository", required=True, metavar="DIR", help="folder of a posix repository")
    parser.add_argument("--identity", required=True, metavar="FILE", help="identity file or recovery kit")
    parser.add_argument("--passphrase-file", metavar="FILE", help="what opens a protected identity")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="sets, oldest first: id, time, parts, start and stop in WAL")
    moments = commands.add_parser("moments", help="of a part, oldest first: time, set")
    moments.add_argument("part", metavar="PART")
    commands.add_parser("marks", help="oldest first: name, time, timeline, position in WAL, note")
    commands.add_parser("anchors", help="a line for each figure: name, position in WAL, database, query, basis, rows before and after")
    restore = commands.add_parser("restore", help="write the data directory of a set, or its filestore")
    restore.add_argument("set", metavar="SET", help="id of a set, or latest")
    restore.add_argument("directory", metavar="DIR", help="new or empty")
    restore.add_argument("--part", choices=["database", "filestore"], default="database")
    restore.add_argument("--tablespace", action="append", default=[], metavar="OID=DIR", help="where a tablespace goes")
    restore.add_argument("--no-sync", action="store_true", help="leave it to the system when files reach the disk")
    wal = commands.add_parser("wal", help="for restore_command: 1 if the file is provably absent, 126 for any trouble")
    wal.add_argument("file", metavar="FILE")
    wal.add_argument("destination", metavar="DEST")
    return parser.parse_args()


def main():
    try:
        arguments = arguments_parse()
    except SystemExit as end:  # PostgreSQL would take 2 for absence
        return TROUBLE if end.code else 0
    run = {
        "anchors": command_anchors,
        "list": command_list,
        "marks": command_marks,
        "moments": command_moments,
        "restore": command_restore,
        "wal": command_wal,
    }[arguments.command]
    try:
        identity = identity_load(arguments.identity, arguments.passphrase_file)
        return run(Repository(arguments.repository, identity), arguments)
    except Absent as absent:
        print(f"odr_reader: {absent}", file=sys.stderr)
        return ABSENT
    except Trouble as trouble:
        print(f"odr_reader: {trouble}", file=sys.stderr)
    except Exception as error:  # Python's own status would be 1
        print(f"odr_reader: {type(error).__name__}: {error}", file=sys.stderr)
    return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
