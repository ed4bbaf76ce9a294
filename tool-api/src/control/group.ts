import { controlLeaseRequest } from '@sandpiper/protocol';
import type { Group } from '../group.ts';
import { parseRequest } from '../http/failure.ts';
import { readJson } from '../http/read-json.ts';
import type { ControlArbiter } from './lease.ts';

/** `GET` and `POST /v1/control`: who may move mouse and keyboard. */
export function createControlGroup(control: ControlArbiter): Group {
  return {
    routes: [
      {
        method: 'get',
        path: '/v1/control',
        scopes: ['control', 'view', 'session'],
        summary: 'Who has control of the desktop',
        isWork: false,
        handler: (_request, response) => void response.json(control.current()),
      },
      {
        method: 'post',
        path: '/v1/control',
        scopes: ['control'],
        summary: 'Takes, renews or releases control of the desktop for a person',
        isWork: false,
        handler: async (request, response) => {
          response.json(control.request(parseRequest(controlLeaseRequest, await readJson(request, 4096))));
        },
      },
    ],
  };
}
