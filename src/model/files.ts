// The files of one commit (or of any other tree), read without a checkout: what rendering takes and git makes.

/** `link` is a symbolic link, `module` a git submodule. */
export type FileKind = 'file' | 'dir' | 'link' | 'module';

export interface FileEntry {
  /** Relative to the root, with slashes, no leading `./`; '' is the root itself. */
  path: string;
  kind: FileKind;
  /** Git object id of the blob or tree: equal ids have equal content. */
  id: string;
  executable: boolean;
}

/** Immutable: the same question has the same answer for ever. Links are not followed. */
export interface Files {
  /** undefined if there is nothing at that path. */
  entry(path: string): Promise<FileEntry | undefined>;
  /** Git object id of the file or folder. */
  id(path: string): Promise<string | undefined>;
  kind(path: string): Promise<FileKind | undefined>;
  /**
   * Entries of a folder sorted by path; `recursive` goes into all folders and lists them too. [] if it is not a folder.
   */
  list(path: string, recursive?: boolean): Promise<FileEntry[]>;
  /** Content of a file (of a link: its target). undefined if there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** The module that holds what was read there, whose commit this repository names. */
  moduleOf?(path: string): string | undefined;
  /** Why what a module holds is not there, where that was tried. */
  missing?(path: string): Error | undefined;
}
