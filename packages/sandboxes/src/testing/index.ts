export { itKeepsTheContract, type SandboxesWorld } from './contract.ts';
export { openClusterBench, type ClusterBench, type Replica, type ReplicaOptions } from './cluster-bench.ts';
export { buildRoad, type CuttableRoad } from './cuttable-road.ts';
