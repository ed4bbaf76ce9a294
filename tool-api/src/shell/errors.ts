import { defineErrors } from '@sandpiper/protocol';

export const shellErrors = defineErrors({
  COMMAND_NOT_FOUND: {
    status: 404,
    message: 'There is no command {commandId}.',
    hint: 'shell_list names the commands that are still known; the oldest ended ones are forgotten.',
  },
  CWD_NOT_FOUND: { status: 404, message: 'The working directory {cwd} does not exist.' },
  COMMAND_NOT_STARTED: { status: 500, message: 'The command could not be started: {why}.' },
  STDIN_CLOSED: {
    status: 409,
    message: 'The standard input of {commandId} is closed.',
    hint: 'Start the command with keepStdinOpen to write to it.',
  },
  TOO_MANY_COMMANDS: {
    status: 429,
    retryable: true,
    message: '{limit} commands are running already; end some with shell_kill.',
  },
});
