/** Laws of VM exits and entries, of what Xen does between, and of the guest's own ways in and out of interrupts. */
import assert from 'node:assert/strict';
import { GENERATIONS } from '../../src/intr/generations.ts';
import type { BenchGuest } from '../../src/lab/bench-guest.ts';
import { interruptedByUpcall } from '../../src/lab/interrupts.ts';
import { ChannelKind, VCPU_INFO } from '../../src/xen/abi.ts';
import { apicAccessExit, interruptExit } from '../../src/xen/hvm-exits.ts';
import { HostVector } from '../../src/xen/pcpu.ts';
import { law, type Parameter } from './covered.ts';
import { nullHypercall, pcpuOf, timesPaid } from './host.ts';

/** What a law says: paid so often, to the cycle. */
const paid = (times: number) => [times, times];

/** Physical interrupts that have arrived take the guest out. */
const interrupts = (vectors: number) => (bench: BenchGuest) => {
  const pcpu = pcpuOf(bench);
  pcpu.interrupts = vectors;
  return interruptExit(bench.guest.xen, pcpu);
};

/** The guests whose entry has these instructions as numbers of their own; Linux's are in a lump. */
const FREEBSD = GENERATIONS.filter((guest) => guest.findsIsrcs);

/** An upcall for which another pCPU kicked the vCPU. */
const kicked = (bench: BenchGuest) => {
  const { memory, domain } = bench.guest;
  memory.poke32(domain.vcpuInfo[0]! + VCPU_INFO.upcallPending, 1);
  return interruptedByUpcall(bench.guest, 0);
};

/** The upcall alone, as the guest's code runs it. */
const upcall =
  (user: boolean) =>
  ({ guest }: BenchGuest) =>
    guest.kernel.upcall(0, user);

for (const name of ['vmExitCycles', 'vmEntryCycles', 'exitSoftwareCycles'] as const) {
  law([name], 'paid once by every exit with its entry', () => {
    assert.deepEqual(timesPaid(name, nullHypercall), paid(1), 'hypercall');
    assert.deepEqual(timesPaid(name, interrupts(1 << HostVector.eventCheck)), paid(1), 'interrupt');
    assert.deepEqual(
      timesPaid(name, ({ guest }) => guest.hvm.eoi(guest.cores[0]!)),
      paid(1),
      'EOI',
    );
  });
}

law(['apicv', 'vmExitCycles'], 'exits of an upcall for a running vCPU: two, none where it is posted', () => {
  const exits = (apicv: number, delivery: string) =>
    timesPaid('vmExitCycles', kicked, { numbers: { apicv }, delivery });
  assert.deepEqual(exits(0, 'lapic'), paid(2), 'for the kick and for the EOI');
  assert.deepEqual(exits(1, 'lapic'), paid(0));
  assert.deepEqual(exits(0, 'vector'), paid(2), 'for the kick and for the window');
  assert.deepEqual(exits(1, 'vector'), paid(2), 'APICv is for the local APIC');
});

law(['eventInjectionCycles'], 'paid by the entry that injects, and by no other', () => {
  const injecting = { numbers: { apicv: 0 } };
  assert.deepEqual(timesPaid('eventInjectionCycles', kicked, injecting), paid(1));
  assert.deepEqual(timesPaid('eventInjectionCycles', nullHypercall, injecting), paid(0));
});

law(['postedInterruptCycles'], 'paid by an upcall that is posted, and by no other', () => {
  for (const apicv of [0, 1]) {
    assert.deepEqual(timesPaid('postedInterruptCycles', kicked, { numbers: { apicv } }), paid(apicv));
  }
});

law(['virtualEoiCycles'], 'paid by an EOI that is no exit', () => {
  const eoi = ({ guest }: BenchGuest) => guest.hvm.eoi(guest.cores[0]!);
  for (const apicv of [0, 1]) {
    assert.deepEqual(timesPaid('virtualEoiCycles', eoi, { numbers: { apicv } }), paid(apicv));
  }
});

law(['hostInterruptCycles'], 'paid by every physical interrupt', () => {
  const { eventCheck, postedInterrupt } = HostVector;
  const cost = (vectors: number) => timesPaid('hostInterruptCycles', interrupts(vectors));
  assert.deepEqual(cost(1 << eventCheck), paid(1));
  assert.deepEqual(cost((1 << eventCheck) | (1 << postedInterrupt)), paid(2));
});

law(['timerSoftirqCycles'], "paid once by the timer's interrupt, never by another", () => {
  assert.deepEqual(timesPaid('timerSoftirqCycles', interrupts(1 << HostVector.timer)), paid(1));
  assert.deepEqual(timesPaid('timerSoftirqCycles', interrupts(1 << HostVector.eventCheck)), paid(0));
});

law(['apicEmulationCycles', 'vmExitCycles'], 'an emulated access pays it on top of one exit', () => {
  const access = (bench: BenchGuest) => apicAccessExit(bench.guest.xen, pcpuOf(bench));
  assert.deepEqual(timesPaid('apicEmulationCycles', access), paid(1));
  assert.deepEqual(timesPaid('vmExitCycles', access), paid(1));
});

/** Work on the channels of the guest, with an IPI port that exists. */
const onPort = (work: (bench: BenchGuest, port: number) => Generator<void, unknown, void>) => {
  const ports = new WeakMap<BenchGuest, number>();
  return (bench: BenchGuest) => {
    let port = ports.get(bench);
    if (port === undefined) {
      port = bench.run(bench.guest.channels.bind(bench.guest.cores[0]!, ChannelKind.ipi, 0));
      ports.set(bench, port);
    }
    return work(bench, port);
  };
};

const HYPERCALLS = {
  unmask: onPort(({ guest }, port) => guest.channels.unmask(guest.cores[0]!, port)),
  bindVcpu: onPort(({ guest }, port) => guest.channels.bindVcpu(guest.cores[0]!, port, 0)),
  notify: onPort(({ guest }, port) => guest.channels.notify(guest.cores[0]!, port)),
};

/** How often each of them pays which number of Xen's own work. */
const OPS: ReadonlyArray<readonly [name: Parameter, unmask: number, bindVcpu: number, notify: number]> = [
  ['guestCopyCycles', 1, 1, 1],
  ['evtchnOpCycles', 0, 1, 0],
  ['remoteSendCycles', 0, 0, 1],
];

for (const [name, unmask, bindVcpu, notify] of OPS) {
  law([name], 'paid by the hypercalls it belongs to, once', () => {
    const times = Object.values(HYPERCALLS).map((work) => timesPaid(name, work));
    assert.deepEqual(times, [paid(unmask), paid(bindVcpu), paid(notify)]);
  });
}

law(['evtchnBucketCycles'], 'paid by the bind that finds 64 channels taken, and by none before', () => {
  // Port 0 is reserved: the 64th bind is the first to need another bucket.
  const binds = (n: number) =>
    function* ({ guest }: BenchGuest) {
      for (let i = 0; i < n; i++) yield* guest.channels.bind(guest.cores[0]!, ChannelKind.ipi, 0);
    };
  const times = [62, 63, 64, 126, 127, 128].map((n) =>
    timesPaid('evtchnBucketCycles', binds(n), { warmUp: 0 }),
  );
  assert.deepEqual(times, [0, 0, 1, 1, 1, 2].map(paid));
});

law(['iretKernelCycles', 'iretUserCycles'], 'an upcall pays the one of where it came from', () => {
  for (const { name: guest } of GENERATIONS) {
    for (const user of [false, true]) {
      const times = (name: Parameter) => timesPaid(name, upcall(user), { guest });
      assert.deepEqual(times('iretKernelCycles'), paid(user ? 0 : 1), guest);
      assert.deepEqual(times('iretUserCycles'), paid(user ? 1 : 0), guest);
    }
  }
});

/** Numbers of the guest's own code: how often its upcall from user mode pays them. */
const UPCALL: ReadonlyArray<readonly [name: Parameter, times: number]> = [
  ['swapgsCycles', 2],
  ['popfCycles', 1],
  ['ptiCycles', 2],
];

for (const [name, times] of UPCALL) {
  law([name], `an upcall from user mode pays it ${times === 1 ? 'once' : 'twice'}`, () => {
    for (const { name: guest } of FREEBSD) {
      for (const apicv of [0, 1]) {
        assert.deepEqual(timesPaid(name, upcall(true), { guest, numbers: { apicv } }), paid(times), guest);
      }
    }
  });
}

law(['cliCycles'], 'twice by an upcall from user mode, and once before every VM entry', () => {
  assert.deepEqual(timesPaid('cliCycles', nullHypercall), paid(1));
  for (const { name: guest } of FREEBSD) {
    const times = (apicv: number) => timesPaid('cliCycles', upcall(true), { guest, numbers: { apicv } });
    assert.deepEqual(times(1), paid(2), `${guest}, no exit`);
    assert.deepEqual(times(0), paid(3), `${guest}, with the exit of the EOI`);
  }
});
