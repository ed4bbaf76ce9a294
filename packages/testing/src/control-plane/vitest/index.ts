export { describeWithControlPlane, needsControlPlane } from './describe.ts';
export { shareControlPlane } from './share.ts';
