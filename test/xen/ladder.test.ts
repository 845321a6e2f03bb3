/** Rungs 5 to 8 of the suppression ladder (fact sheet on Xen, 3.4), each on a host in the state it needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAlone } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { VCPU_INFO } from '../../src/xen/abi.ts';
import { VCPU } from '../../src/xen/layout.ts';
import { HostVector, IRQ_STAT } from '../../src/xen/pcpu.ts';
import { Softirq } from '../../src/xen/softirq-bits.ts';
import { PauseFlag } from '../../src/xen/virtual-cpu.ts';

/** A sender's core and the target vCPU on another; `told` is what the hardware was asked for. */
function host(machine: string, delivery = 'lapic') {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, machine, delivery }), 1, 1);
  const { guest } = bench;
  const told: string[] = [];
  bench.hardware.interrupt = (pcpu, vector) => told.push(`interrupt ${vector} to ${pcpu.index}`);
  bench.hardware.wake = (pcpu) => told.push(`wake ${pcpu.index}`);
  const target = guest.domain.virtualCpus[0]!;
  const pcpu = guest.xen.pcpus[0]!;
  const core = guest.cores[1]!;
  core.begin(0);
  const { memory, xen } = guest;
  const mark = () => {
    memory.poke64(target.info + VCPU_INFO.upcallPending, 0);
    runAlone(guest.hvm.mark(core, 0));
  };
  return { memory, xen, target, pcpu, core, told, mark, guest };
}

test('rung 5: the vector is set already, in IRR or in PIR', () => {
  const x = host('zen5');
  x.memory.poke32(x.target.irr, 1 << x.target.bit);
  x.mark();
  const posted = host('skylake-sp');
  posted.memory.poke32(posted.target.pir, 1 << posted.target.bit);
  posted.mark();
  for (const { xen, told } of [x, posted]) assert.deepEqual([xen.stats.irr_set, told], [1, []]);
});

test('rung 6: a runnable target is left alone, a blocked one is woken by a SCHEDULE softirq', () => {
  for (const delivery of ['lapic', 'vector']) {
    const runnable = host('zen5', delivery);
    runnable.memory.poke32(runnable.target.base + VCPU.isRunning, 0);
    runnable.mark();
    assert.deepEqual([runnable.xen.stats.not_running, runnable.told], [1, []]);
    const blocked = host('zen5', delivery);
    blocked.memory.poke32(blocked.target.base + VCPU.isRunning, 0);
    blocked.memory.poke32(blocked.target.base + VCPU.runstate, 2);
    blocked.memory.poke32(blocked.target.base + VCPU.pauseFlags, 1 << PauseFlag.blocked);
    blocked.pcpu.current = undefined;
    blocked.mark();
    assert.deepEqual([blocked.xen.stats.wakes, blocked.xen.stats.not_running], [1, 0]);
    assert.deepEqual(blocked.told, [`interrupt ${HostVector.eventCheck} to 0`]);
    assert.equal(blocked.memory.peek32(blocked.pcpu.irqStat + IRQ_STAT.softirqs), 1 << Softirq.schedule);
  }
});

test('rung 7: no second IPI while the kick softirq of the pCPU is pending', () => {
  const x = host('zen5');
  x.mark();
  x.memory.poke32(x.target.irr, 0);
  x.mark();
  assert.deepEqual([x.xen.stats.ipis, x.xen.stats.kick_pending], [1, 1]);
  assert.deepEqual(x.told, [`interrupt ${HostVector.eventCheck} to 0`]);
});

test('rung 8: a store wakes a pCPU in MWAIT, without an IPI', () => {
  const x = host('skylake-sp', 'vector');
  x.memory.poke32(x.pcpu.irqStat + IRQ_STAT.inMwait, 1);
  x.mark();
  assert.deepEqual([x.xen.stats.ipis, x.xen.stats.mwait_wakes, x.told], [0, 1, ['wake 0']]);
});

test('a posted interrupt notifies once, and with ON set already it is a kick', () => {
  const x = host('skylake-sp');
  x.mark();
  assert.deepEqual(x.told, [`interrupt ${HostVector.postedInterrupt} to 0`]);
  x.memory.poke32(x.target.pir, 0);
  x.mark();
  assert.deepEqual(x.told[1], `interrupt ${HostVector.eventCheck} to 0`);
});

test('with interrupts off an HVM target is signalled by a tasklet', () => {
  const x = host('zen5');
  const here = x.xen.pcpuOf(x.core);
  here.irqsOff = true;
  x.mark();
  assert.deepEqual([x.xen.stats.tasklets, here.tasklets.length, x.told], [1, 1, []]);
  assert.equal(x.memory.peek32(here.irqStat + IRQ_STAT.softirqs), 1 << Softirq.tasklet);
});

test('a line interrupts vCPU 0 once, and falls at an exit after the guest has cleared the upcall', () => {
  const x = host('sandy-bridge-en', 'gsi');
  x.mark();
  assert.equal(x.memory.peek32(x.target.irr), 1 << x.target.bit);
  x.memory.poke32(x.target.irr, 0);
  runAlone(x.guest.hvm.line!.eoi(x.core));
  assert.equal(x.memory.peek32(x.target.irr), 1 << x.target.bit, 'still high: it interrupts again');
  x.memory.poke32(x.target.irr, 0);
  x.memory.poke64(x.target.info + VCPU_INFO.upcallPending, 0);
  runAlone(x.guest.hvm.line!.maybeDeassert(x.core));
  runAlone(x.guest.hvm.line!.eoi(x.core));
  assert.equal(x.memory.peek32(x.target.irr), 0);
});
