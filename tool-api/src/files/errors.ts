import { CodedError, defineErrors } from '@sandpiper/protocol';

export const fileErrors = defineErrors({
  PATH_INVALID: { status: 400, message: 'The path {path} cannot be used: {why}.' },
  PATH_OUTSIDE: {
    status: 403,
    message: '{path} leads out of the folders that file tools may touch.',
    hint: 'Use a path below the workspace or /tmp.',
  },
  FILE_FORBIDDEN: { status: 403, message: 'No permission for {path}.' },
  FILE_NOT_FOUND: { status: 404, message: 'There is no {path}.' },
  FILE_EXISTS: { status: 409, message: '{path} exists already.' },
  FILE_CHANGED: { status: 412, message: '{path} is not the version that was expected.' },
  NOT_A_FILE: { status: 409, message: '{path} is not a regular file.' },
  NOT_A_FOLDER: { status: 409, message: '{path} is not a folder.' },
  FOLDER_NOT_EMPTY: { status: 409, message: '{path} is not empty.', hint: 'Set recursive to delete all it holds.' },
  FILE_BUSY: { status: 409, retryable: true, message: '{path} changed while it was being opened.' },
  FILE_BINARY: {
    status: 422,
    message: '{path} is not a text file.',
    hint: 'Look at it with a command, such as file, xxd or strings.',
  },
  EDIT_NO_MATCH: {
    status: 422,
    message: 'The text to replace does not occur in {path}.',
    hint: 'Read the file again; every space and line break counts.',
  },
  EDIT_AMBIGUOUS: {
    status: 422,
    message: 'The text to replace occurs {count} times in {path}.',
    hint: 'Give more of the lines around it, or set replaceAll.',
  },
  FILE_TOO_LARGE: { status: 413, message: '{path} is larger than {limitBytes} bytes.' },
  RANGE_NOT_SATISFIABLE: { status: 416, message: '{path} has only {sizeBytes} bytes.' },
  PATTERN_INVALID: { status: 400, message: 'The pattern is not valid: {why}' },
  DISK_FULL: { status: 507, message: 'The disk is full: {path} was not written.', hint: 'Delete something first.' },
  FILE_FAILED: { status: 500, message: 'The system refused {path}: {why}.' },
});

const BY_ERRNO: Record<string, (typeof fileErrors)[keyof typeof fileErrors]> = {
  ENOENT: fileErrors.FILE_NOT_FOUND,
  EEXIST: fileErrors.FILE_EXISTS,
  ENOTDIR: fileErrors.NOT_A_FOLDER,
  EISDIR: fileErrors.NOT_A_FILE,
  ENOTEMPTY: fileErrors.FOLDER_NOT_EMPTY,
  EACCES: fileErrors.FILE_FORBIDDEN,
  EPERM: fileErrors.FILE_FORBIDDEN,
  EROFS: fileErrors.FILE_FORBIDDEN,
  // O_NOFOLLOW met a symlink where there was none a moment before.
  ELOOP: fileErrors.FILE_BUSY,
  ENOSPC: fileErrors.DISK_FULL,
  EDQUOT: fileErrors.DISK_FULL,
};

/** An error of a system call on `path` as one of ours; anything else is returned as it is. */
export function toFileError(error: unknown, path: string): unknown {
  if (error instanceof CodedError || !(error instanceof Error) || !('code' in error)) return error;
  const errno = String(error.code);
  if (!/^E[A-Z0-9]+$/.test(errno)) return error;
  const make = BY_ERRNO[errno];
  if (make) return make({ path }, { errno, cause: error });
  return fileErrors.FILE_FAILED({ path, why: errno }, { errno, cause: error });
}
