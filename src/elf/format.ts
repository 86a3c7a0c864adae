// Numbers of the ELF format (System V ABI, chapters 4 and 5; RISC-V ELF psABI): those that a loader of
// 32-bit RISC-V programs needs.

/** Bytes of the file's header, a program header, a section header, a symbol, a relocation, an entry of each other table. */
export const EHDR_SIZE = 52;
export const PHDR_SIZE = 32;
export const SHDR_SIZE = 40;
export const SYM_SIZE = 16;
export const RELA_SIZE = 12;
export const DYN_SIZE = 8;
export const RELR_SIZE = 4;

export const EM_RISCV = 243;

export const FileType = Object.freeze({ REL: 1, EXEC: 2, DYN: 3, CORE: 4 });

/** e_flags of RISC-V. */
export const EF_RISCV_RVC = 0x1;
export const EF_RISCV_FLOAT_ABI = 0x6;
export const EF_RISCV_RVE = 0x8;

export const SegmentType = Object.freeze({ LOAD: 1, DYNAMIC: 2, INTERP: 3, TLS: 7 });

/** p_flags. */
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const SectionType = Object.freeze({ SYMTAB: 2, STRTAB: 3, NOBITS: 8 });

/** sh_flags: the section is compressed. */
export const SHF_COMPRESSED = 0x800;

export const SymbolType = Object.freeze({ NOTYPE: 0, OBJECT: 1, FUNC: 2 });
export const SHN_UNDEF = 0;
export const STB_WEAK = 2;

/** Tags of the dynamic section. */
export const Dynamic = Object.freeze({
  NULL: 0,
  NEEDED: 1,
  PLTRELSZ: 2,
  SYMTAB: 6,
  RELA: 7,
  RELASZ: 8,
  RELAENT: 9,
  REL: 17,
  PLTREL: 20,
  JMPREL: 23,
  RELRSZ: 35,
  RELR: 36,
});

/** Types of relocations that a linker leaves in a static, position-independent program. */
export const Relocation = Object.freeze({ NONE: 0, ABS32: 1, RELATIVE: 3, JUMP_SLOT: 5 });

/** Names of other machines, so that a wrong file is recognised (e_machine). */
export const machineNames: Readonly<Record<number, string>> = {
  3: "Intel 80386",
  8: "MIPS",
  20: "PowerPC",
  40: "ARM",
  62: "x86-64",
  183: "AArch64",
  258: "LoongArch",
};
