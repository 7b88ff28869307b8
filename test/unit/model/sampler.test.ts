import { describe, expect, it } from 'vitest';
import { mostDdimSteps, usualDdimSteps } from '../../../protocol/ddim';
import { samplerRemark } from '../../../sidecar/model/sampler';
import { planSampler, samplerOptions, samplers } from '../../../sidecar/model/samplers/registry';
import { createSchedule } from '../../../sidecar/model/schedule';

const schedule = createSchedule({ T: 1000, betaStart: 1e-4, betaEnd: 0.02 });
const options = { steps: 60, eta: 0.05, spacing: 'published' } as const;

describe('every sampler', () => {
  it.each(samplers.map(s => s.name))('%s: recovers x0 from its own noise', name => {
    // With the true noise as the prediction and no fresh noise, x follows signal·x0 + noise·epsilon down to the last step.
    const [x0, epsilon] = [0.7, -1.3];
    for (const spacing of ['published', 'even'] as const) {
      const plan = planSampler(name, schedule, { steps: 50, eta: 0, spacing });
      let x = schedule.signalRate[plan.steps[0]!.t]! * x0 + schedule.noiseRate[plan.steps[0]!.t]! * epsilon;
      for (const { t, a, b } of plan.steps) {
        const predicted = (x - schedule.signalRate[t]! * x0) / schedule.noiseRate[t]!;
        x = a * x + b * predicted;
      }
      expect(x).toBeCloseTo(x0, 1);
    }
  });
});

describe('DDPM', () => {
  it('visits every step once, from noisy to clean, and adds no noise at the last', () => {
    const { steps } = planSampler('ddpm', schedule, options);
    expect(steps.map(s => s.t)).toEqual(Array.from({ length: 1000 }, (_, k) => 999 - k));
    expect(steps.map(s => s.sigma > 0)).toEqual(steps.map(s => s.t > 0));
  });
});

describe('DDIM', () => {
  it('starts at 945 with the published spacing of 60 in 1000', () => {
    const { steps } = planSampler('ddim', schedule, options);
    expect(steps[0]!.t).toBe(945);
    expect(steps.at(-1)!.t).toBe(1);
    expect(steps).toHaveLength(60);
  });

  it('starts at the last step with even spacing, and ends clean', () => {
    const { steps } = planSampler('ddim', schedule, { ...options, spacing: 'even' });
    expect(steps[0]!.t).toBe(999);
    expect(steps.at(-1)!.sigma).toBe(0);
    expect(new Set(steps.map(s => s.t)).size).toBe(60);
  });

  it.each([
    ['published', 1000],
    ['published', 1001],
    ['even', 1001],
  ] as const)('refuses %s spacing with %i steps and says how many fit', (spacing, steps) => {
    expect(() => planSampler('ddim', schedule, { steps, eta: 0, spacing })).toThrow(/use at most/);
  });

  it.each([
    [{ steps: 0 }, /0 steps samples nothing/],
    [{ eta: -0.1 }, /eta -0.1 is not defined; give 0 to 1/],
    [{ eta: 1.1 }, /eta 1.1 is not defined/],
  ])('refuses %j', (change, message) => {
    expect(() => planSampler('ddim', schedule, { ...options, ...change })).toThrow(message);
  });

  it.each([
    ['published', 60, null],
    ['published', 500, null],
    ['published', 600, /DDIM begins at step 600 of 1000, where noise still holds 16 % of a network.*even spacing/],
    ['even', 3, null],
  ] as const)(
    '%s spacing with %i steps is remarked where it begins in the midst of the schedule',
    (spacing, steps, remark) => {
      const found = samplerRemark(planSampler('ddim', schedule, { steps, eta: 0, spacing }), schedule);
      if (remark === null) expect(found).toBeNull();
      else expect(found).toMatch(remark);
    },
  );

  it('is not remarked where the schedule itself never gets to noise', () => {
    const short = createSchedule({ T: 100, betaStart: 1e-4, betaEnd: 0.02 });
    expect(samplerRemark(planSampler('ddpm', short, options), short)).toBeNull();
  });

  it.each([2, 3, 8, 59, 119, 120, 1000])('has as many steps by default as a schedule of %i allows, 60 at most', T => {
    const short = createSchedule({ T, betaStart: 1e-4, betaEnd: 0.02 });
    for (const spacing of ['published', 'even'] as const) {
      const steps = Math.min(usualDdimSteps, mostDdimSteps(T, spacing));
      expect(planSampler('ddim', short, { steps, eta: 0, spacing }).steps).toHaveLength(steps);
      expect(steps).toBeLessThanOrEqual(60);
    }
    if (T === 1000) expect(Math.min(usualDdimSteps, mostDdimSteps(T, 'published'))).toBe(60);
  });

  it('accepts as many steps as the message says', () => {
    expect(planSampler('ddim', schedule, { steps: 500, eta: 0, spacing: 'published' }).steps).toHaveLength(500);
    expect(planSampler('ddim', schedule, { steps: 1000, eta: 0, spacing: 'even' }).steps).toHaveLength(1000);
  });
});

describe('createSchedule', () => {
  it('is linear in beta and multiplies up alphaBar', () => {
    const { beta, alphaBar, signalRate, noiseRate } = createSchedule({ T: 3, betaStart: 0.1, betaEnd: 0.3 });
    expect([...beta].map(b => b.toFixed(6))).toEqual(['0.100000', '0.200000', '0.300000']);
    expect(alphaBar[2]).toBeCloseTo(0.9 * 0.8 * 0.7, 12);
    expect(signalRate[1]! ** 2 + noiseRate[1]! ** 2).toBeCloseTo(1, 12);
  });
});

describe('the options of a sampler', () => {
  it('are completed for the schedule', () => {
    expect(samplerOptions('ddpm', {}, 1000)).toEqual({ steps: 1000, spacing: 'even', eta: 1 });
    expect(samplerOptions('ddim', {}, 1000)).toEqual({ steps: 60, spacing: 'published', eta: 0.05 });
    expect(samplerOptions('ddim', {}, 8)).toEqual({ steps: 4, spacing: 'published', eta: 0.05 });
    expect(samplerOptions('ddim', { spacing: 'even', eta: 0 }, 8)).toEqual({ steps: 8, spacing: 'even', eta: 0 });
  });

  it.each([{ steps: 5 }, { spacing: 'even' }, { eta: 0 }] as const)(
    'are refused where they would do nothing: %j',
    given => {
      const [option] = Object.keys(given);
      expect(() => samplerOptions('ddpm', given, 8)).toThrow(
        `${option!} is for DDIM, and DDPM always takes all 8 steps; choose the sampler ddim, or leave out ${option!}`,
      );
    },
  );

  it('are of samplers that there are', () => {
    // An editor's keybinding may say anything.
    expect(() => samplerOptions('euler' as 'ddim', {}, 8)).toThrow(
      'there is no sampler euler; there are ddpm and ddim',
    );
  });
});
