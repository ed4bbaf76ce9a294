import { defineErrors } from '@sandpiper/protocol';

export const mcpErrors = defineErrors({
  MCP_CONFIG_INVALID: { status: 500, message: '{file}: {path}: {problem}' },
  MCP_SERVER_UNAVAILABLE: {
    status: 503,
    message: 'The MCP server {server} is not connected: {reason}',
    retryable: true,
  },
  MCP_CALL_FAILED: {
    status: 502,
    message: 'The MCP server {server} did not carry out {tool}: {reason}',
    retryable: true,
  },
  MCP_TOOL_ERROR: { status: 400, message: '{tool} of {server} reported an error: {text}' },
});
