// The denoiser's convolution stack in WebAssembly SIMD: convolution forward, its two gradients, and the element-wise work
// between convolutions. kernelConvStack.ts calls these in order and owns the memory; tfConvStack.ts is the plain reference
// they are compared with. Built by build.sh; README.md lists versions and times.
//
// Layout. A "plane" array is [row][channel][position] with `width` positions, dim rounded up to 16; positions ≥ dim are
// ignored in planes and zero in haloed arrays.
// A "haloed" array is the same with `halo` zeros before every channel (the zeros before the next channel end this one), so
// that a tap may look half a filter to either side without a test; one more halo follows the last channel.
// Positions are the vector lanes: 4 outputs channels × 2 vectors of positions stay in registers while a weight is broadcast.
#include "simd.h"

#ifdef __wasm__
extern unsigned char __heap_base;
#define FIRST_FREE (int)&__heap_base
#else
#define FIRST_FREE 64 // 0 is "none"
#endif

static PER_THREAD int dim, width, taps, half, halo, pitch;

/** Of the fast filtering below. */
enum { points = 7, groups = 2 };

/** Sizes of everything that follows; returns the first free byte. */
API(configure) int configure(int tokenLength, int kernelSize) {
  dim = tokenLength;
  width = (dim + 15) & ~15;
  taps = kernelSize;
  half = taps / 2;
  halo = (half + 3) & ~3;
  pitch = halo + width;
  return FIRST_FREE;
}

INLINE vec masked(vec v, int position) {
  if (position + 4 <= dim) return v;
  return position >= dim ? splat(0) : firstLanes(v, dim - position);
}

// ---- convolution ---------------------------------------------------------------------------------------------------------

/**
 * Weights in the order the convolution reads them: [block of 4 outputs][input][tap][4].
 * From (outputs, inputs, taps) as PyTorch stores it; `transposed` packs the convolution that is its input gradient:
 * inputs and outputs exchanged, taps reversed.
 */
API(pack) void pack(const float *weight, float *packed, int outputs, int inputs, int transposed) {
  int rows = transposed ? inputs : outputs, columns = transposed ? outputs : inputs;
  for (int o = 0; o < rows; o++)
    for (int i = 0; i < columns; i++)
      for (int k = 0; k < taps; k++)
        packed[((((o >> 2) * columns) + i) * taps + k) * 4 + (o & 3)] =
            transposed ? weight[(i * inputs + o) * taps + taps - 1 - k] : weight[(o * inputs + i) * taps + k];
}

/** Two arrays whose products are summed over rows and positions: row and channel strides, in floats. */
typedef struct {
  const float *dy, *x;
  int rows, positions, dyRow, dyPitch, xRow, xPitch, inputs, outputs, taps;
} Pair;

#define V wide
#define LANES lanes
#define LOAD loadWide
#define STORE storeWide
#define SPLAT splatWide
#define SPLAT_FROM splatWideFrom
#define FMA multiplyAdd
#define WIDEN widen
#define NARROW narrow
#define NAME(function) function##Wide
#include "blocks.h"
#ifdef __wasm__ // both are the same
#define blockNarrow blockWide
#define weightBlockNarrow weightBlockWide
#else
#undef V
#undef LANES
#undef LOAD
#undef STORE
#undef SPLAT
#undef SPLAT_FROM
#undef FMA
#undef WIDEN
#undef NARROW
#undef NAME
#define V vec
#define LANES 4
#define LOAD load
#define STORE store
#define SPLAT splat
#define SPLAT_FROM splatFrom
#define FMA(a, b, c) _mm_fmadd_ps(a, b, c)
#define WIDEN(v) (v)
#define NARROW(v) (v)
#define NAME(function) function##Narrow
#include "blocks.h"
#endif

#define POSITIONS(no, n)                                                                                             \
  {                                                                                                                  \
    int p = 0;                                                                                                       \
    for (; p + lanes * n <= positions; p += lanes * n) blockWide(no, n, x + p, inPitch, y + p, positions, inputs, nTaps, w, b); \
    for (; p + lanes <= positions; p += lanes) blockWide(no, 1, x + p, inPitch, y + p, positions, inputs, nTaps, w, b); \
    for (; p < positions; p += 4) blockNarrow(no, 1, x + p, inPitch, y + p, positions, inputs, nTaps, w, b);         \
  }

/** Vectors of positions in a block of fast filtering, as measured: README.md. */
#ifdef __wasm__
#define FAST_BLOCK 3
#else
#define FAST_BLOCK 2
#endif

/** All outputs of one row, x already at the first tap of the first position. Two constants of nTaps, each its own code. */
INLINE void convolveRow(const float *x, int inPitch, float *out, int positions, int inputs, int outputs, const int nTaps, const float *packed, const float *bias) {
  for (int o = 0; o < outputs; o += 4) {
    float *y = out + o * positions;
    const float *w = packed + o * inputs * nTaps;
    const float *b = bias ? bias + o : 0;
    switch (outputs - o) {
    case 1: POSITIONS(1, 4) break;
    case 2: POSITIONS(2, 2) break;
    case 3: POSITIONS(3, 2) break;
    default:
      if (nTaps == groups) POSITIONS(4, FAST_BLOCK)
      else POSITIONS(4, 2)
    }
  }
}

/** out[row] = conv(in[row]) + bias. in: haloed (rows, inputs), out: plane (rows, outputs); bias may be 0. */
API(convolve) void convolve(const float *in, float *out, int rows, int inputs, int outputs, const float *packed, const float *bias) {
  for (int row = 0; row < rows; row++)
    convolveRow(in + row * inputs * pitch + halo - half, pitch, out + row * outputs * width, width, inputs, outputs, taps, packed, bias);
}

/** The wide vectors of all positions, then what is left. */
#define WEIGHT_BLOCK(no, ni)                                                                                        \
  for (int k = 0; k < pair->taps; k++) {                                                                            \
    const float *x = pair->x + i * pair->xPitch + k;                                                                \
    int wideEnd = pair->positions / lanes * lanes;                                                                  \
    weightBlockWide(no, ni, pair, 0, wideEnd, d, x, s + i * pair->taps + k);                                        \
    if (wideEnd < pair->positions) weightBlockNarrow(no, ni, pair, wideEnd, pair->positions, d, x, s + i * pair->taps + k); \
  }

#define INPUTS(no)                                                                                                  \
  {                                                                                                                 \
    int i = 0;                                                                                                      \
    for (; i + 2 <= pair->inputs; i += 2) WEIGHT_BLOCK(no, 2)                                                       \
    for (; i < pair->inputs; i++) WEIGHT_BLOCK(no, 1)                                                               \
  }

/** sums (outputs, inputs, taps) += Σ dy · x shifted by the tap; four partial sums per weight stay apart. */
static void addProducts(const Pair *pair, vec *sums) {
  for (int o = 0; o < pair->outputs; o += 4) {
    const float *d = pair->dy + o * pair->dyPitch;
    vec *s = sums + o * pair->inputs * pair->taps;
    switch (pair->outputs - o) {
    case 1: INPUTS(1) break;
    case 2: INPUTS(2) break;
    case 3: INPUTS(3) break;
    default: INPUTS(4)
    }
  }
}

/** Rows whose arrays stay in the cache together. */
static int rowsAtOnce(int floatsPerRow) { return floatsPerRow > 16384 ? 1 : 16384 / floatsPerRow; }

/** gradient (outputs, inputs, taps) = Σ rows, positions dy · x. dy and in haloed. `sums`: scratch of 4 floats per weight. */
API(weightGradient) void weightGradient(const float *dy, const float *in, float *gradient, vec *sums, int rows, int inputs, int outputs) {
  int dyRow = outputs * pitch, xRow = inputs * pitch, count = outputs * inputs * taps, atOnce = rowsAtOnce(dyRow + xRow);
  for (int j = 0; j < count; j++) sums[j] = splat(0);
  for (int row = 0; row < rows; row += atOnce) {
    Pair pair = {dy + row * dyRow + halo, in + row * xRow + halo - half, rows - row < atOnce ? rows - row : atOnce, width, dyRow, pitch, xRow, pitch, inputs, outputs, taps};
    addProducts(&pair, sums);
  }
  for (int j = 0; j < count; j++) gradient[j] = total(sums[j]);
}

// ---- the same with half the products -------------------------------------------------------------------------------------
//
// Fast filtering (Winograd, "Arithmetic complexity of computations", 1980) for 7 taps: taps split into two groups of 4 (the
// last one empty), outputs into tiles of 4. A tile of 4 outputs and a group of 4 taps need the 7 inputs from 4·tile - 3 on;
// transformed at the 7 points 0, 1, -1, 2, -2, 1/2, ∞ they need 7 products instead of 16. The second group's inputs are the
// next tile's: each tile is transformed once, and at every point the convolution is one of 2 taps over tiles. 14 products
// for 4 outputs instead of 28, at a float32 error of 7e-7 against 4e-7 of the direct sum.
//
// "points" arrays: [row][point][channel][tile]; inputs have tilePitch tiles (one more than outputs, padded), products tiles.


/** Filters' transform: rows are powers of the point, scaled so that the inputs' transform has small whole numbers. */
static const double filterScale[points] = {1 / 4.0, 1 / 6.0, 1 / 18.0, 1 / 72.0, 1 / 120.0, 32 / 45.0, 1 / 2.0};
static const double filterPoint[points] = {0, 1, -1, 2, -2, 0.5, 0};

static double filterTransform(int point, int k) {
  if (point == points - 1) return k == 3 ? filterScale[point] : 0; // infinity: the last coefficient
  double power = filterScale[point];
  for (int i = 0; i < k; i++) power *= filterPoint[point];
  return power;
}

INLINE int tiles(void) { return width / 4; }
INLINE int tilePitch(void) { return width / 4 + 4; }

/** Weights at the points: [point][block of 4 outputs][input][group][4]; `transposed` as in pack. */
API(packFast) void packFast(const float *weight, float *packed, int outputs, int inputs, int transposed) {
  int rows = transposed ? inputs : outputs, columns = transposed ? outputs : inputs, blocks = (rows + 3) / 4;
  for (int point = 0; point < points; point++)
    for (int o = 0; o < rows; o++)
      for (int i = 0; i < columns; i++)
        for (int g = 0; g < groups; g++) {
          double sum = 0;
          for (int k = 0; k < 4 && 4 * g + k < taps; k++) {
            int tap = 4 * g + k;
            sum += filterTransform(point, k) * (transposed ? weight[(i * inputs + o) * taps + taps - 1 - tap] : weight[(o * inputs + i) * taps + tap]);
          }
          packed[((((point * blocks + (o >> 2)) * columns) + i) * groups + g) * 4 + (o & 3)] = sum;
        }
}

/** Four vectors of 4 consecutive positions each ↔ four vectors of every fourth position. */
INLINE void transpose(vec v[4]) {
  vec a = SHUFFLE(v[0], v[1], 0, 4, 1, 5), b = SHUFFLE(v[2], v[3], 0, 4, 1, 5);
  vec c = SHUFFLE(v[0], v[1], 2, 6, 3, 7), d = SHUFFLE(v[2], v[3], 2, 6, 3, 7);
  v[0] = SHUFFLE(a, b, 0, 1, 4, 5);
  v[1] = SHUFFLE(a, b, 2, 3, 6, 7);
  v[2] = SHUFFLE(c, d, 0, 1, 4, 5);
  v[3] = SHUFFLE(c, d, 2, 3, 6, 7);
}

/** Inputs of one row at the points. x: first position of a haloed row. */
static void transformInput(const float *x, float *out, int channels) {
  int stride = channels * tilePitch();
  for (int channel = 0; channel < channels; channel++, x += pitch, out += tilePitch()) {
    vec before[4] = {splat(0), splat(0), splat(0), splat(0)}; // the halo
    for (int tile = 0; tile <= tiles(); tile += 4) {
      vec now[4];
      for (int i = 0; i < 4; i++) now[i] = tile < tiles() ? load(x + 4 * tile + 4 * i) : splat(0);
      transpose(now); // now[r]: positions 4·t + r of four tiles
      vec d0 = SHUFFLE(before[1], now[1], 3, 4, 5, 6), d1 = SHUFFLE(before[2], now[2], 3, 4, 5, 6);
      vec d2 = SHUFFLE(before[3], now[3], 3, 4, 5, 6), d3 = now[0], d4 = now[1], d5 = now[2], d6 = now[3];
      vec d24 = sub(d2, d4);
      vec e = sub(d2, times(2, d3)), f = sub(d3, times(2, d4));
      float *u = out + tile;
      store(u, add(sub(times(4, sub(d0, times(2, d1))), times(5, e)), sub(d4, times(2, d5))));
      store(u + stride, sub(sub(add(times(4, sub(d2, d1)), times(9, d3)), d4), times(2, d5)));
      store(u + 2 * stride, add(sub(sub(times(12, d2), times(4, d1)), add(times(7, d3), times(3, d4))), times(2, d5)));
      store(u + 3 * stride, sub(times(2, add(sub(d1, times(2, d3)), d5)), times(3, d24)));
      store(u + 4 * stride, sub(times(2, sub(d1, d5)), times(5, d24)));
      store(u + 5 * stride, add(sub(times(4, d1), times(5, d3)), d5));
      store(u + 6 * stride, sub(sub(times(5, f), times(4, sub(d1, times(2, d2)))), sub(d5, times(2, d6))));
      for (int i = 0; i < 4; i++) before[i] = now[i];
    }
  }
}

/** Products of one row at the points back to positions of a plane. */
static void transformOutput(const float *m, float *y, int channels, const float *bias) {
  int stride = channels * tiles();
  for (int channel = 0; channel < channels; channel++, m += tiles(), y += width) {
    vec b = splat(bias ? bias[channel] : 0);
    for (int tile = 0; tile < tiles(); tile += 4) {
      const float *p = m + tile;
      vec m1 = load(p + stride), m2 = load(p + 2 * stride), m3 = load(p + 3 * stride), m4 = load(p + 4 * stride), m5 = load(p + 5 * stride);
      vec s12 = add(m1, m2), d12 = add(sub(m1, m2), b), s34 = add(m3, m4), d34 = sub(m3, m4);
      vec out[4] = {
          add(add(add(load(p), s12), add(s34, m5)), b),
          add(add(d12, times(2, d34)), times(0.5f, m5)),
          add(add(add(s12, b), times(4, s34)), times(0.25f, m5)),
          add(add(d12, times(8, d34)), add(times(0.125f, m5), load(p + 6 * stride))),
      };
      transpose(out);
      for (int i = 0; i < 4; i++) store(y + 4 * tile + 4 * i, out[i]);
    }
  }
}

/** The transpose of transformOutput: dy of one haloed row at the points. */
static void transformGradient(const float *dy, float *out, int channels) {
  int stride = channels * tiles();
  for (int channel = 0; channel < channels; channel++, dy += pitch, out += tiles())
    for (int tile = 0; tile < tiles(); tile += 4) {
      vec d[4];
      for (int i = 0; i < 4; i++) d[i] = load(dy + 4 * tile + 4 * i);
      transpose(d);
      vec even = add(d[0], d[2]), odd = add(d[1], d[3]);
      vec even2 = add(d[0], times(4, d[2])), odd2 = add(times(2, d[1]), times(8, d[3]));
      float *v = out + tile;
      store(v, d[0]);
      store(v + stride, add(even, odd));
      store(v + 2 * stride, sub(even, odd));
      store(v + 3 * stride, add(even2, odd2));
      store(v + 4 * stride, sub(even2, odd2));
      store(v + 5 * stride, add(add(d[0], times(0.5f, d[1])), add(times(0.25f, d[2]), times(0.125f, d[3]))));
      store(v + 6 * stride, d[3]);
    }
}

/**
 * `convolve` with half the products. `transformed` receives the inputs at the points, of every row for fastWeightGradient,
 * or of one row after the other when `keep` is 0. `products`: scratch, points · outputs · tiles floats.
 */
API(fastConvolve) void fastConvolve(const float *in, float *transformed, int keep, float *out, int rows, int inputs, int outputs, const float *packed, const float *bias, float *products) {
  int perPoint = inputs * tilePitch(), weightsPerPoint = ((outputs + 3) & ~3) * inputs * groups;
  for (int row = 0; row < rows; row++) {
    float *u = transformed + (keep ? row * points * perPoint : 0);
    transformInput(in + row * inputs * pitch + halo, u, inputs);
    for (int point = 0; point < points; point++)
      convolveRow(u + point * perPoint, tilePitch(), products + point * outputs * tiles(), tiles(), inputs, outputs, groups, packed + point * weightsPerPoint, 0);
    transformOutput(products, out + row * outputs * width, outputs, bias);
  }
}

/**
 * `weightGradient` with half the products, from the transformed inputs. Scratch: `sums` 4 floats per point, group and pair of
 * channels; `gradients` rowsAtOnce rows of dy at the points, see fastGradientRows.
 */
API(fastWeightGradient) void fastWeightGradient(const float *dy, const float *transformed, float *gradient, vec *sums, float *gradients, int rows, int inputs, int outputs) {
  int uPoint = inputs * tilePitch(), vPoint = outputs * tiles(), perPoint = outputs * inputs * groups;
  int atOnce = rowsAtOnce(points * (uPoint + vPoint));
  for (int j = 0; j < points * perPoint; j++) sums[j] = splat(0);
  for (int row = 0; row < rows; row += atOnce) {
    int n = rows - row < atOnce ? rows - row : atOnce;
    for (int r = 0; r < n; r++) transformGradient(dy + (row + r) * outputs * pitch + halo, gradients + r * points * vPoint, outputs);
    for (int point = 0; point < points; point++) {
      Pair pair = {gradients + point * vPoint, transformed + (row * points + point) * uPoint, n, tiles(), points * vPoint, tiles(), points * uPoint, tilePitch(), inputs, outputs, groups};
      addProducts(&pair, sums + point * perPoint);
    }
  }
  for (int j = 0; j < outputs * inputs; j++)
    for (int tap = 0; tap < taps; tap++) {
      double sum = 0;
      for (int point = 0; point < points; point++)
        sum += filterTransform(point, tap & 3) * total(sums[point * perPoint + j * groups + (tap >> 2)]);
      gradient[j * taps + tap] = sum;
    }
}

/** Rows of dy that fastWeightGradient transforms together. */
API(fastGradientRows) int fastGradientRows(int inputs, int outputs) { return rowsAtOnce(points * (inputs * tilePitch() + outputs * tiles())); }

/** gradient (channels) = Σ rows, positions of a haloed array. */
API(biasGradient) void biasGradient(const float *dy, float *gradient, int rows, int channels) {
  for (int c = 0; c < channels; c++) {
    double sum = 0;
    for (int row = 0; row < rows; row++) {
      const float *d = dy + (row * channels + c) * pitch + halo;
      vec acc = splat(0);
      for (int p = 0; p < width; p += 4) acc = add(acc, load(d + p));
      sum += total(acc);
    }
    gradient[c] = sum;
  }
}

// ---- between convolutions ------------------------------------------------------------------------------------------------

/** haloed (rows, channels) = (h + skip + cond) · time. h, skip: planes, skip may be 0; cond, time: (rows, width), `timeRow` 0 shares one. */
API(prepare) void prepare(const float *h, const float *skip, const float *cond, const float *time, int timeRow, float *out, int rows, int channels) {
  for (int row = 0; row < rows; row++) {
    const float *c = cond + row * width, *t = time + row * timeRow;
    for (int channel = 0; channel < channels; channel++) {
      int at = (row * channels + channel) * width;
      float *o = out + (row * channels + channel) * pitch + halo;
      for (int p = 0; p < width; p += 4) {
        vec s = add(load(h + at + p), load(c + p));
        if (skip) s = add(s, load(skip + at + p));
        store(o + p, masked(mul(s, load(t + p)), p));
      }
    }
  }
}

/** sums[c] = Σ y, over rows and positions inside dim; float32 inside a row, float64 across rows. */
API(channelSums) void channelSums(const float *y, double *sums, int rows, int channels) {
  for (int c = 0; c < channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      vec acc = splat(0);
      for (int p = 0; p < width; p += 4) acc = add(acc, masked(load(v + p), p));
      sums[c] += total(acc);
    }
}

/** sums[c] = Σ (y - mean[c])². */
API(channelSquares) void channelSquares(const float *y, const float *mean, double *sums, int rows, int channels) {
  for (int c = 0; c < channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      vec acc = splat(0), m = splat(mean[c]);
      for (int p = 0; p < width; p += 4) {
        vec d = masked(sub(load(v + p), m), p);
        acc = add(acc, mul(d, d));
      }
      sums[c] += total(acc);
    }
}

/** h = elu((y - mean) · scale + shift), per channel. */
API(activate) void activate(const float *y, const float *mean, const float *scale, const float *shift, float *h, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      int at = (row * channels + c) * width;
      wide m = splatWide(mean[c]), a = splatWide(scale[c]), b = splatWide(shift[c]);
      for (int p = 0; p < width; p += lanes) storeWide(h + at + p, eluWide(addWide(multiplyWide(subWide(loadWide(y + at + p), m), a), b)));
    }
}

/**
 * What the gradient du of a layer's input says about cond and time: sumDu += Σ channels du, dTime += Σ channels du · (h + skip + cond).
 * The gradient of cond is time · sumDu.
 */
API(conditionGradients) void conditionGradients(const float *du, const float *h, const float *skip, const float *cond, float *sumDu, float *dTime, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int p = 0; p < width; p += 4) {
      vec c = load(cond + row * width + p), s = load(sumDu + row * width + p), t = load(dTime + row * width + p);
      for (int channel = 0; channel < channels; channel++) {
        int at = (row * channels + channel) * width + p;
        vec d = load(du + at), x = add(load(h + at), c);
        if (skip) x = add(x, load(skip + at));
        s = add(s, d);
        t = add(t, mul(d, x));
      }
      store(sumDu + row * width + p, s);
      store(dTime + row * width + p, t);
    }
}

/**
 * dz = (du + duSkip) · time · elu'(z) into a haloed array, and its sums Σ dz, Σ dz·(y - mean) per channel for the batch norm.
 * du, duSkip, h, y: planes; duSkip may be 0. elu' is 1 where h > 0, else h + 1.
 */
API(activationGradient) void activationGradient(const float *du, const float *duSkip, const float *time, const float *h, const float *y, const float *mean, float *dz, double *sums, int rows, int channels) {
  for (int c = 0; c < 2 * channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      int at = (row * channels + c) * width;
      float *out = dz + (row * channels + c) * pitch + halo;
      vec sum = splat(0), sumY = splat(0), m = splat(mean[c]), one = splat(1), zero = splat(0);
      for (int p = 0; p < width; p += 4) {
        vec d = load(du + at + p), hp = load(h + at + p);
        if (duSkip) d = add(d, load(duSkip + at + p));
        vec slope = add(smaller(hp, zero), one);
        d = masked(mul(mul(d, load(time + row * width + p)), slope), p);
        store(out + p, d);
        sum = add(sum, d);
        sumY = add(sumY, mul(d, sub(load(y + at + p), m)));
      }
      sums[c] += total(sum);
      sums[channels + c] += total(sumY);
    }
}

/** dy = a·dz + b + d·(y - mean) in place, per channel: the rest of the batch norm's gradient. */
API(normGradient) void normGradient(float *dz, const float *y, const float *mean, const float *a, const float *b, const float *d, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      float *out = dz + (row * channels + c) * pitch + halo;
      vec m = splat(mean[c]), va = splat(a[c]), vb = splat(b[c]), vd = splat(d[c]);
      for (int p = 0; p < width; p += 4)
        store(out + p, masked(add(add(mul(load(out + p), va), vb), mul(sub(load(v + p), m), vd)), p));
    }
}

// ---- sampling ------------------------------------------------------------------------------------------------------------

/** h = elu(y) in place, for folded batch norm. */
API(eluInPlace) void eluInPlace(float *y, int count) {
  for (int p = 0; p < count; p += lanes) storeWide(y + p, eluWide(loadWide(y + p)));
}

/** x ← a·x + b·epsilonTheta + sigma·noise; noise may be 0. */
API(samplerStep) void samplerStep(float *x, const float *epsilonTheta, const float *noise, float a, float b, float sigma, int count) {
  vec va = splat(a), vb = splat(b), vs = splat(sigma);
  for (int p = 0; p < count; p += 4) {
    vec next = add(mul(load(x + p), va), mul(load(epsilonTheta + p), vb));
    if (noise) next = add(next, mul(load(noise + p), vs));
    store(x + p, next);
  }
}
