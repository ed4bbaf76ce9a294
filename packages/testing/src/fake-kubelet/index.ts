/**
 * A stand-in for kubelets and a volume provisioner, on a real control plane: pods get an address and become ready, fail as
 * their annotation `fake-kubelet/behaviour` says, and end; claims are bound. With `runtime: 'tool-api'` a real tool-api is
 * behind each pod, so that gateway and operator talk to the real thing.
 */
export { behaviourAnnotation } from './behaviour.ts';
export { startFakeKubelet } from './start.ts';
export type { FakeKubelet, FakeKubeletOptions } from './start.ts';
