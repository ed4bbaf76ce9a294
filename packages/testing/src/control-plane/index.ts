/**
 * A real control plane for tests and people: etcd, kube-apiserver and, where they are to be had, kube-controller-manager and
 * kube-scheduler. It has no nodes; `@sandpiper/testing/fake-kubelet` adds some.
 *
 * ```ts
 * // In a test: one control plane for the whole run, started when the first suite asks; skipped loudly where there is none.
 * import { describeWithControlPlane } from '@sandpiper/testing/vitest';
 * describeWithControlPlane('a pool', (control) => {
 *   it('fills', async () => {
 *     const namespace = await control().createNamespace('pool'); // removed with the suite
 *     const pods = await control().client.listAll(core.pods, { namespace }); // or createKubeClient(control().kubeConfig)
 *     // control().kubectl(['apply', '-f', …]), .userKubeConfig({ user, groups }), .server, .kubeconfigPath
 *   });
 * });
 *
 * // In a test that breaks things, a benchmark or a command: one of its own.
 * import { findControlPlane, startControlPlane } from '@sandpiper/testing/control-plane';
 * const source = findControlPlane(process.env); // kind: existing | binaries | none (with a reason)
 * const control = await startControlPlane({ source, components: ['kube-controller-manager', 'kube-scheduler'] });
 * await control.stopApiServer(); await control.startApiServer(); control.pids.etcd;
 * await control.close();
 * ```
 */
export { installCrds } from './crds.ts';
export { binaryCache, controlPlaneVersion, findControlPlane } from './find.ts';
export type { Binaries, ControlPlaneSource } from './find.ts';
export { startControlPlane } from './start.ts';
export type { StartControlPlaneOptions } from './start.ts';
export type { ConnectedControlPlane, ControlPlane, User } from './control-plane.ts';
