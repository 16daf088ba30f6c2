// Every operation as a typed value: a union over `op`.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { OpcodeName } from '../abi/opcodes.ts';
import type {
  AsyncCancelArgs,
  LinkTimeoutArgs,
  NopArgs,
  PollAddArgs,
  PollRemoveArgs,
  ProvideBuffersArgs,
  RemoveBuffersArgs,
  TimeoutArgs,
  TimeoutRemoveArgs,
} from './args/control.ts';
import type {
  CloseArgs,
  FadviseArgs,
  FallocateArgs,
  FilesUpdateArgs,
  FixedFdInstallArgs,
  FsyncArgs,
  FtruncateArgs,
  MadviseArgs,
  Openat2Args,
  OpenatArgs,
  PipeArgs,
  SyncFileRangeArgs,
} from './args/files.ts';
import type {
  RecvArgs,
  RecvmsgArgs,
  RecvZcArgs,
  SendArgs,
  SendmsgArgs,
  SendmsgZcArgs,
  SendZcArgs,
} from './args/messages.ts';
import type {
  FgetxattrArgs,
  FsetxattrArgs,
  GetxattrArgs,
  LinkatArgs,
  MkdiratArgs,
  RenameatArgs,
  SetxattrArgs,
  StatxArgs,
  SymlinkatArgs,
  UnlinkatArgs,
} from './args/paths.ts';
import type {
  FutexWaitArgs,
  FutexWaitvArgs,
  FutexWakeArgs,
  MsgRingArgs,
  Nop128Args,
  WaitidArgs,
} from './args/signals.ts';
import type {
  AcceptArgs,
  BindArgs,
  ConnectArgs,
  EpollCtlArgs,
  EpollWaitArgs,
  ListenArgs,
  ShutdownArgs,
  SocketArgs,
} from './args/sockets.ts';
import type {
  ReadArgs,
  ReadFixedArgs,
  ReadMultishotArgs,
  SpliceArgs,
  TeeArgs,
  WriteArgs,
  WriteFixedArgs,
} from './args/transfers.ts';
import type { ReadvArgs, ReadvFixedArgs, WritevArgs, WritevFixedArgs } from './args/vectors.ts';
import type { UringCmd128Args, UringCmdArgs } from './uring-cmd.ts';

/** The arguments of every operation, by its name. */
export interface OperationArgs {
  readonly nop: NopArgs;
  readonly readv: ReadvArgs;
  readonly writev: WritevArgs;
  readonly fsync: FsyncArgs;
  readonly readFixed: ReadFixedArgs;
  readonly writeFixed: WriteFixedArgs;
  readonly pollAdd: PollAddArgs;
  readonly pollRemove: PollRemoveArgs;
  readonly syncFileRange: SyncFileRangeArgs;
  readonly sendmsg: SendmsgArgs;
  readonly recvmsg: RecvmsgArgs;
  readonly timeout: TimeoutArgs;
  readonly timeoutRemove: TimeoutRemoveArgs;
  readonly accept: AcceptArgs;
  readonly asyncCancel: AsyncCancelArgs;
  readonly linkTimeout: LinkTimeoutArgs;
  readonly connect: ConnectArgs;
  readonly fallocate: FallocateArgs;
  readonly openat: OpenatArgs;
  readonly close: CloseArgs;
  readonly filesUpdate: FilesUpdateArgs;
  readonly statx: StatxArgs;
  readonly read: ReadArgs;
  readonly write: WriteArgs;
  readonly fadvise: FadviseArgs;
  readonly madvise: MadviseArgs;
  readonly send: SendArgs;
  readonly recv: RecvArgs;
  readonly openat2: Openat2Args;
  readonly epollCtl: EpollCtlArgs;
  readonly splice: SpliceArgs;
  readonly provideBuffers: ProvideBuffersArgs;
  readonly removeBuffers: RemoveBuffersArgs;
  readonly tee: TeeArgs;
  readonly shutdown: ShutdownArgs;
  readonly renameat: RenameatArgs;
  readonly unlinkat: UnlinkatArgs;
  readonly mkdirat: MkdiratArgs;
  readonly symlinkat: SymlinkatArgs;
  readonly linkat: LinkatArgs;
  readonly msgRing: MsgRingArgs;
  readonly fsetxattr: FsetxattrArgs;
  readonly setxattr: SetxattrArgs;
  readonly fgetxattr: FgetxattrArgs;
  readonly getxattr: GetxattrArgs;
  readonly socket: SocketArgs;
  readonly uringCmd: UringCmdArgs;
  readonly sendZc: SendZcArgs;
  readonly sendmsgZc: SendmsgZcArgs;
  readonly readMultishot: ReadMultishotArgs;
  readonly waitid: WaitidArgs;
  readonly futexWait: FutexWaitArgs;
  readonly futexWake: FutexWakeArgs;
  readonly futexWaitv: FutexWaitvArgs;
  readonly fixedFdInstall: FixedFdInstallArgs;
  readonly ftruncate: FtruncateArgs;
  readonly bind: BindArgs;
  readonly listen: ListenArgs;
  readonly recvZc: RecvZcArgs;
  readonly epollWait: EpollWaitArgs;
  readonly readvFixed: ReadvFixedArgs;
  readonly writevFixed: WritevFixedArgs;
  readonly pipe: PipeArgs;
  readonly nop128: Nop128Args;
  readonly uringCmd128: UringCmd128Args;
}

/** One operation and its arguments, such as `OperationOf<'read'>`. */
export type OperationOf<Op extends OpcodeName> = OperationArgs[Op] & { readonly op: Op };

/** Any operation; `op` tells which. An operation can be passed as the arguments of its own encoder. */
export type Operation = { readonly [Op in OpcodeName]: OperationOf<Op> }[OpcodeName];
