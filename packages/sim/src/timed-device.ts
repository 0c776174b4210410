// A device that really computes, and whose work takes the time of another one: while it computes time stands still, then as much
// of it passes as the simulated device would have needed.

import { oneByOne } from "@homebody/base";
import type { MemoryClock } from "@homebody/clock/memory";
import type { Clock, Device, DeviceTrainer } from "@homebody/volunteer";
import type { DeviceTimes } from "@homebody/volunteer/memory";

export interface TimedDevice extends Device {
  /** What it made is gone, also where nobody says so any more. */
  release(): void;
}

export interface TimedInputs {
  readonly world: MemoryClock;
  /** Of whoever uses the device. */
  readonly clock: Clock;
  readonly times: DeviceTimes;
}

/** All of these share one engine: what they compute is computed one by one, in the order in which it was asked for. */
export function timedDevices(engine: Device): (inputs: TimedInputs) => TimedDevice {
  const turns = oneByOne();
  const inTurn = <T>(world: MemoryClock, work: () => Promise<T>): Promise<T> =>
    world.standsStill(turns(work));

  return ({ world, clock, times }) => {
    const trainers = new Set<DeviceTrainer>();
    return {
      start: async () => {
        const started = await inTurn(world, engine.start);
        await clock.sleep(times.startMs);
        return started;
      },
      lost: () => {},
      trainer: (...options) => {
        const trainer = engine.trainer(...options);
        trainers.add(trainer);
        return {
          ...trainer,
          overlaps: false,
          read: (group) => inTurn(world, () => trainer.read(group)),
          readMoments: () => inTurn(world, trainer.readMoments),
          step: async (batch, rates) => {
            const result = await inTurn(world, () => trainer.step(batch, rates));
            await clock.sleep(times.stepMs());
            return result;
          },
          evaluate: async (batch) => {
            const result = await inTurn(world, () => trainer.evaluate(batch));
            await clock.sleep(times.evaluateMs());
            return result;
          },
          dispose: () => {
            if (trainers.delete(trainer)) trainer.dispose();
          },
        };
      },
      predictor: engine.predictor, // nobody samples in a simulation
      release: () => {
        for (const trainer of trainers) trainer.dispose();
        trainers.clear();
      },
    };
  };
}
