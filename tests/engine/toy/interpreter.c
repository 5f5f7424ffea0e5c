/* Every offset of a module is checked before it is used: the plugin runs what images contain. */
#include "interpreter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const size_t kPageBytes = 65536;

static uint8_t Byte(reader* r) {
  if (r->at == r->end) {
    r->bad = 1;
    return 0;
  }
  return *r->at++;
}

static uint32_t Unsigned(reader* r) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const uint8_t byte = Byte(r);
    value |= (uint32_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  r->bad = 1;
  return 0;
}

static int32_t Signed(reader* r) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const uint8_t byte = Byte(r);
    value |= (uint32_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (shift + 7 < 32 && (byte & 0x40) != 0) {
        value |= ~0u << (shift + 7);
      }
      return (int32_t)value;
    }
  }
  r->bad = 1;
  return 0;
}

/* The next `size` bytes as a reader of their own. */
static reader Part(reader* r, size_t size) {
  reader part = {r->at, r->at, 1};
  if (r->bad || size > (size_t)(r->end - r->at)) {
    r->bad = 1;
    return part;
  }
  part.end = part.at + size;
  part.bad = 0;
  r->at += size;
  return part;
}

static void ReadImports(mayfly_instance* i, const function* types, uint32_t type_count, reader* r) {
  for (uint32_t n = Unsigned(r); n > 0 && !r->bad; --n) {
    Part(r, Unsigned(r)); /* the module's name: Mayfly has checked it against kImports */
    const uint32_t size = Unsigned(r);
    const reader name = Part(r, size);
    const uint8_t kind = Byte(r);
    const uint32_t type = Unsigned(r);
    if (kind != 0 || type >= type_count || i->function_count == kMaxFunctions) {
      r->bad = 1;
      return;
    }
    function* f = &i->functions[i->function_count++];
    *f = types[type];
    f->import = (const char*)name.at;
    f->import_size = size;
  }
}

static void ReadTypes(function* types, uint32_t* count, reader* r) {
  *count = Unsigned(r);
  if (*count > kMaxTypes) {
    r->bad = 1;
  }
  for (uint32_t n = 0; n < *count && !r->bad; ++n) {
    memset(&types[n], 0, sizeof types[n]);
    r->bad |= Byte(r) != 0x60;
    types[n].params = Unsigned(r);
    Part(r, types[n].params);
    types[n].results = Unsigned(r);
    Part(r, types[n].results);
  }
}

static void ReadData(mayfly_instance* i, reader* r) {
  for (uint32_t n = Unsigned(r); n > 0 && !r->bad; --n) {
    r->bad |= Unsigned(r) != 0 || Byte(r) != 0x41; /* active, at a constant offset */
    const uint32_t offset = (uint32_t)Signed(r);
    r->bad |= Byte(r) != 0x0b;
    const uint32_t size = Unsigned(r);
    const reader bytes = Part(r, size);
    if (r->bad || offset > i->memory_bytes || size > i->memory_bytes - offset) {
      r->bad = 1;
      return;
    }
    memcpy(i->memory + offset, bytes.at, size);
  }
}

static void ReadExports(mayfly_instance* i, reader* r) {
  for (uint32_t n = Unsigned(r); n > 0 && !r->bad; --n) {
    const uint32_t size = Unsigned(r);
    const reader name = Part(r, size);
    const uint8_t kind = Byte(r);
    const uint32_t index = Unsigned(r);
    if (!r->bad && kind == 0 && size == 6 && memcmp(name.at, "_start", 6) == 0) {
      i->start = index;
    }
  }
}

static void ReadMemory(mayfly_instance* i, uint64_t max_bytes, reader* r) {
  if (Unsigned(r) == 0) {
    return;
  }
  const uint8_t flags = Byte(r);
  const uint32_t pages = Unsigned(r);
  i->memory_bytes = pages * kPageBytes;
  if (flags > 1 || pages > 65536 || (max_bytes != 0 && i->memory_bytes > max_bytes)) {
    r->bad = 1;
    i->memory_bytes = 0;
    return;
  }
  i->memory = calloc(1, i->memory_bytes == 0 ? 1 : i->memory_bytes);
  r->bad |= i->memory == NULL;
}

int ToyRead(mayfly_instance* i, const uint8_t* module, size_t size, uint64_t max_bytes) {
  reader r = {module, module + size, 0};
  function types[kMaxTypes];
  uint32_t type_count = 0;
  uint32_t first_body = 0;
  i->start = UINT32_MAX;
  Part(&r, 8); /* "\0asm" and the version, which Mayfly has looked at */
  while (r.at != r.end && !r.bad) {
    const uint8_t id = Byte(&r);
    reader section = Part(&r, Unsigned(&r));
    if (id == 1) {
      ReadTypes(types, &type_count, &section);
    } else if (id == 2) {
      ReadImports(i, types, type_count, &section);
    } else if (id == 3) {
      first_body = i->function_count;
      for (uint32_t n = Unsigned(&section); n > 0 && !section.bad; --n) {
        const uint32_t type = Unsigned(&section);
        if (type >= type_count || i->function_count == kMaxFunctions) {
          return 1;
        }
        i->functions[i->function_count++] = types[type];
      }
    } else if (id == 5) {
      ReadMemory(i, max_bytes, &section);
    } else if (id == 7) {
      ReadExports(i, &section);
    } else if (id == 10) {
      const uint32_t count = Unsigned(&section);
      for (uint32_t n = 0; n < count && first_body + n < i->function_count; ++n) {
        i->functions[first_body + n].body = Part(&section, Unsigned(&section));
      }
    } else if (id == 11) {
      ReadData(i, &section);
    }
    r.bad |= section.bad;
  }
  return r.bad || i->start >= i->function_count;
}

static void Trap(mayfly_instance* i, const char* reason) {
  if (!i->ended) {
    i->ended = 1;
    i->end->kind = MAYFLY_END_TRAP;
    snprintf(i->end->text, sizeof i->end->text, "%s", reason);
  }
}

static void Push(mayfly_instance* i, int32_t value) {
  if (i->depth == kStackSlots) {
    Trap(i, "call stack exhausted");
    return;
  }
  i->stack[i->depth++] = value;
}

static int32_t Pop(mayfly_instance* i) {
  if (i->depth == 0) {
    Trap(i, "the toy's stack is empty");
    return 0;
  }
  return i->stack[--i->depth];
}

/* Four bytes of the guest's memory, or NULL and a trap. */
static uint8_t* Word(mayfly_instance* i, uint32_t address, uint32_t offset) {
  const uint64_t at = (uint64_t)address + offset;
  if (at + 4 > i->memory_bytes) {
    Trap(i, "out of bounds memory access");
    return NULL;
  }
  return i->memory + at;
}

static uint32_t Load(mayfly_instance* i, uint32_t address) {
  uint32_t value = 0;
  const uint8_t* word = Word(i, address, 0);
  if (word != NULL) {
    memcpy(&value, word, 4);
  }
  return value;
}

/* fd_write(fd, iovs, count, written); returns a WASI errno. */
static int32_t FdWrite(mayfly_instance* i, uint32_t fd, uint32_t iovs, uint32_t count,
                       uint32_t written) {
  uint32_t total = 0;
  for (uint32_t n = 0; n < count && !i->ended; ++n) {
    uint32_t at = Load(i, iovs + 8 * n);
    uint32_t size = Load(i, iovs + 8 * n + 4);
    if ((uint64_t)at + size > i->memory_bytes) {
      return 21; /* EFAULT */
    }
    while (size > 0) {
      const ssize_t wrote = write((int)fd, i->memory + at, size);
      if (fd > 2 || wrote < 0) {
        return 8; /* EBADF */
      }
      at += (uint32_t)wrote;
      size -= (uint32_t)wrote;
      total += (uint32_t)wrote;
    }
  }
  uint8_t* word = Word(i, written, 0);
  if (word != NULL) {
    memcpy(word, &total, 4);
  }
  return 0;
}

static void CallImport(mayfly_instance* i, const function* f) {
  if (f->import_size == 9 && memcmp(f->import, "proc_exit", 9) == 0) {
    const uint32_t status = (uint32_t)Pop(i);
    if (!i->ended) {
      i->ended = 1;
      i->end->kind = MAYFLY_END_EXIT;
      i->end->code = status;
    }
  } else if (f->import_size == 8 && memcmp(f->import, "fd_write", 8) == 0) {
    const uint32_t written = (uint32_t)Pop(i);
    const uint32_t count = (uint32_t)Pop(i);
    const uint32_t iovs = (uint32_t)Pop(i);
    const uint32_t fd = (uint32_t)Pop(i);
    Push(i, FdWrite(i, fd, iovs, count, written));
  }
}

static void Call(mayfly_instance* i, uint32_t index);

/* One instruction with its operands; returns 0 at the function's end. */
static int Step(mayfly_instance* i, reader* r, int32_t* locals) {
  const uint8_t opcode = Byte(r);
  uint8_t* word;
  int32_t value;
  uint32_t index;
  switch (opcode) {
    case 0x00:
      Trap(i, "unreachable");
      return 0;
    case 0x01: /* nop */
      return 1;
    case 0x0b: /* end */
    case 0x0f: /* return */
      return 0;
    case 0x10: /* call */
      Call(i, Unsigned(r));
      return 1;
    case 0x1a: /* drop */
      Pop(i);
      return 1;
    case 0x20: /* local.get */
    case 0x21: /* local.set */
      index = Unsigned(r);
      if (index >= kMaxLocals) {
        r->bad = 1;
      } else if (opcode == 0x20) {
        Push(i, locals[index]);
      } else {
        locals[index] = Pop(i);
      }
      return 1;
    case 0x28: /* i32.load */
      Unsigned(r);
      word = Word(i, (uint32_t)Pop(i), Unsigned(r));
      if (word != NULL) {
        memcpy(&value, word, 4);
        Push(i, value);
      }
      return 1;
    case 0x36: /* i32.store */
      Unsigned(r);
      value = Pop(i);
      word = Word(i, (uint32_t)Pop(i), Unsigned(r));
      if (word != NULL) {
        memcpy(word, &value, 4);
      }
      return 1;
    case 0x41: /* i32.const */
      Push(i, Signed(r));
      return 1;
    case 0x6a: /* i32.add */
      value = Pop(i);
      Push(i, (int32_t)((uint32_t)Pop(i) + (uint32_t)value));
      return 1;
    default:
      Trap(i, "an instruction that the toy does not know");
      return 0;
  }
}

static void Call(mayfly_instance* i, uint32_t index) {
  if (index >= i->function_count || i->calls == kMaxDepth) {
    Trap(i, index >= i->function_count ? "no such function" : "call stack exhausted");
    return;
  }
  const function* f = &i->functions[index];
  if (f->import != NULL) {
    CallImport(i, f);
    return;
  }
  int32_t locals[kMaxLocals] = {0};
  reader r = f->body;
  for (uint32_t n = Unsigned(&r); n > 0 && !r.bad; --n) { /* declarations of locals: all are 0 */
    Unsigned(&r);
    Byte(&r);
  }
  for (uint32_t n = f->params; n > 0 && n <= kMaxLocals; --n) {
    locals[n - 1] = Pop(i);
  }
  ++i->calls;
  while (!i->ended && !r.bad && Step(i, &r, locals)) {
  }
  --i->calls;
  if (r.bad) {
    Trap(i, "a function's body ends too early");
  }
}

void ToyRun(mayfly_instance* i, mayfly_end* end) {
  end->kind = MAYFLY_END_EXIT;
  end->code = 0;
  i->end = end;
  Call(i, i->start);
}
