export type { AddressRule } from './address.ts';
export {
  createKubernetesSandboxes,
  type KubernetesSandboxes,
  type KubernetesSandboxesOptions,
} from './kubernetes-sandboxes.ts';
export { openKubernetesSandboxes, type OpenOptions } from './open.ts';
