// The denoiser's convolution stack in WebAssembly SIMD: convolution forward, its two gradients, and the element-wise work
// between convolutions. kernelConvStack.ts calls these in order and owns the memory; tfConvStack.ts is the plain reference
// they are compared with. Built by build.mjs; README.md lists versions and times.
//
// Layout. A "plane" array is [row][channel][position] with `width` positions, dim rounded up to 16; positions ≥ dim are
// ignored in planes and zero in haloed arrays.
// A "haloed" array is the same with `halo` zeros before every channel (the zeros before the next channel end this one), so
// that a tap may look half a filter to either side without a test; one more halo follows the last channel.
// Positions are the vector lanes: some outputs × some vectors of positions stay in registers while a weight is broadcast.
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

INLINE wide masked(wide v, int position) {
  if (position + lanes <= dim) return v;
  return position >= dim ? splatWide(0) : firstLanesWide(v, dim - position);
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
#define ADD addWide
#define SUB subWide
#define MUL multiplyWide
#define FMA multiplyAdd
#define WIDEN widen
#define NARROW narrow
#define SHIFT_IN shiftInWide
#define EVERY_FOURTH everyFourthWide
#define CONSECUTIVE consecutiveWide
#define NAME(function) function##Wide
#include "blocks.h"
#undef V
#undef LANES
#undef LOAD
#undef STORE
#undef SPLAT
#undef SPLAT_FROM
#undef ADD
#undef SUB
#undef MUL
#undef FMA
#undef WIDEN
#undef NARROW
#undef SHIFT_IN
#undef EVERY_FOURTH
#undef CONSECUTIVE
#undef NAME
#define V vec
#define LANES 4
#define LOAD load
#define STORE store
#define SPLAT splat
#define SPLAT_FROM splatFrom
#define ADD add
#define SUB sub
#define MUL mul
#define FMA fma4
#define WIDEN(v) (v)
#define NARROW(v) (v)
#define SHIFT_IN shiftIn
#define EVERY_FOURTH transpose
#define CONSECUTIVE transpose
#define NAME(function) function##Narrow
#include "blocks.h"

#define POSITIONS(no, n)                                                                                             \
  {                                                                                                                  \
    int p = 0;                                                                                                       \
    for (; p + lanes * n <= positions; p += lanes * n) blockWide(no, n, x + p, inPitch, y + p, positions, inputs, nTaps, w, b); \
    for (; p + lanes <= positions; p += lanes) blockWide(no, 1, x + p, inPitch, y + p, positions, inputs, nTaps, w, b); \
    for (; p < positions; p += 4) blockNarrow(no, 1, x + p, inPitch, y + p, positions, inputs, nTaps, w, b);         \
  }

/** All outputs of one row, x already at the first tap of the first position. Two constants of nTaps, each its own code. */
INLINE void convolveRow(const float *x, int inPitch, float *out, int positions, int inputs, int outputs, const int nTaps, const float *packed, const float *bias) {
  for (int o = 0; o < outputs;) {
    float *y = out + o * positions;
    const float *w = packed + o * inputs * nTaps;
    const float *b = bias ? bias + o : 0;
    int left = outputs - o;
    // Where a row is one vector, as many outputs as keep the multipliers busy stand in for vectors.
    if (eightOutputs && left >= 8 && positions < 2 * lanes) {
      POSITIONS(8, 1)
      o += 8;
      continue;
    }
    switch (left) {
    case 1: POSITIONS(1, 4) break;
    case 2: POSITIONS(2, 2) break;
    case 3: POSITIONS(3, 2) break;
    default:
      if (nTaps == groups) POSITIONS(4, fastBlock)
      else POSITIONS(4, 2)
    }
    o += 4;
  }
}

/** out[row] = conv(in[row]) + bias. in: haloed (rows, inputs), out: plane (rows, outputs); bias may be 0. */
API(convolve) void convolve(const float *in, float *out, int rows, int inputs, int outputs, const float *packed, const float *bias) {
  for (int row = 0; row < rows; row++)
    convolveRow(in + row * inputs * pitch + halo - half, pitch, out + row * outputs * width, width, inputs, outputs, taps, packed, bias);
}

/** The wide vectors of all positions, then what is left; `nk` taps at once where the registers suffice. */
#define TAPS(no, ni, nk)                                                                                            \
  for (; k + nk <= pair->taps; k += nk) {                                                                           \
    const float *x = pair->x + i * pair->xPitch + k;                                                                \
    int wideEnd = pair->positions / lanes * lanes;                                                                  \
    weightBlockWide(no, ni, nk, pair, 0, wideEnd, d, x, s + i * pair->taps + k);                                    \
    if (wideEnd < pair->positions) weightBlockNarrow(no, ni, nk, pair, wideEnd, pair->positions, d, x, s + i * pair->taps + k); \
  }
#define WEIGHT_BLOCK(no, ni)                                                                                        \
  {                                                                                                                 \
    int k = 0;                                                                                                      \
    if (twoTaps) TAPS(no, ni, 2)                                                                                    \
    TAPS(no, ni, 1)                                                                                                 \
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
INLINE int rowsAtOnce(int floatsPerRow, const int cached) { return floatsPerRow > cached ? 1 : cached / floatsPerRow; }

/** gradient (outputs, inputs, taps) = Σ rows, positions dy · x. dy and in haloed. `sums`: scratch of 4 floats per weight. */
API(weightGradient) void weightGradient(const float *dy, const float *in, float *gradient, vec *sums, int rows, int inputs, int outputs) {
  int dyRow = outputs * pitch, xRow = inputs * pitch, count = outputs * inputs * taps, atOnce = rowsAtOnce(dyRow + xRow, cachedFloats);
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

/** Inputs of one row at the points. x: first position of a haloed row, which ends with a vector of which only the first tile counts. */
static void transformInput(const float *x, float *out, int channels) {
  int stride = channels * tilePitch();
  for (int channel = 0; channel < channels; channel++, x += pitch, out += tilePitch()) {
    int tile = 0;
    for (; tile + lanes <= tiles(); tile += lanes) inputTilesWide(x + 4 * tile, out + tile, stride, 0);
    for (; tile < tiles(); tile += 4) inputTilesNarrow(x + 4 * tile, out + tile, stride, 0);
    inputTilesNarrow(x + 4 * tile, out + tile, stride, 1);
  }
}

/** Products of one row at the points back to positions of a plane. */
static void transformOutput(const float *m, float *y, int channels, const float *bias) {
  int stride = channels * tiles();
  for (int channel = 0; channel < channels; channel++, m += tiles(), y += width) {
    float b = bias ? bias[channel] : 0;
    int tile = 0;
    for (; tile + lanes <= tiles(); tile += lanes) outputTilesWide(m + tile, y + 4 * tile, stride, splatWide(b));
    for (; tile < tiles(); tile += 4) outputTilesNarrow(m + tile, y + 4 * tile, stride, splat(b));
  }
}

/** The transpose of transformOutput: dy of one haloed row at the points. */
static void transformGradient(const float *dy, float *out, int channels) {
  int stride = channels * tiles();
  for (int channel = 0; channel < channels; channel++, dy += pitch, out += tiles()) {
    int tile = 0;
    for (; tile + lanes <= tiles(); tile += lanes) gradientTilesWide(dy + 4 * tile, out + tile, stride);
    for (; tile < tiles(); tile += 4) gradientTilesNarrow(dy + 4 * tile, out + tile, stride);
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

/** Rows of dy that fastWeightGradient transforms together. */
API(fastGradientRows) int fastGradientRows(int inputs, int outputs) { return rowsAtOnce(points * (inputs * tilePitch() + outputs * tiles()), cachedTiles); }

/**
 * `weightGradient` with half the products, from the transformed inputs. Scratch: `sums` 4 floats per point, group and pair of
 * channels; `gradients` rowsAtOnce rows of dy at the points, see fastGradientRows.
 */
API(fastWeightGradient) void fastWeightGradient(const float *dy, const float *transformed, float *gradient, vec *sums, float *gradients, int rows, int inputs, int outputs) {
  int uPoint = inputs * tilePitch(), vPoint = outputs * tiles(), perPoint = outputs * inputs * groups;
  int atOnce = fastGradientRows(inputs, outputs);
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

/** gradient (channels) = Σ rows, positions of a haloed array. */
API(biasGradient) void biasGradient(const float *dy, float *gradient, int rows, int channels) {
  for (int c = 0; c < channels; c++) {
    double sum = 0;
    for (int row = 0; row < rows; row++) {
      const float *d = dy + (row * channels + c) * pitch + halo;
      wide acc = splatWide(0);
      for (int p = 0; p < width; p += lanes) acc = addWide(acc, loadWide(d + p));
      sum += total(narrow(acc));
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
      for (int p = 0; p < width; p += lanes) {
        wide s = addWide(loadWide(h + at + p), loadWide(c + p));
        if (skip) s = addWide(s, loadWide(skip + at + p));
        storeWide(o + p, masked(multiplyWide(s, loadWide(t + p)), p));
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
      wide acc = splatWide(0);
      for (int p = 0; p < width; p += lanes) acc = addWide(acc, masked(loadWide(v + p), p));
      sums[c] += total(narrow(acc));
    }
}

/** sums[c] = Σ (y - mean[c])². */
API(channelSquares) void channelSquares(const float *y, const float *mean, double *sums, int rows, int channels) {
  for (int c = 0; c < channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      wide acc = splatWide(0), m = splatWide(mean[c]);
      for (int p = 0; p < width; p += lanes) {
        wide d = masked(subWide(loadWide(v + p), m), p);
        acc = addWide(acc, multiplyWide(d, d));
      }
      sums[c] += total(narrow(acc));
    }
}

/** h = elu((y - mean) · scale + shift), per channel. */
API(activate) void activate(const float *y, const float *mean, const float *scale, const float *shift, float *h, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      int at = (row * channels + c) * width;
      wide m = splatWide(mean[c]), a = splatWide(scale[c]), b = splatWide(shift[c]);
      for (int p = 0; p < width; p += lanes) storeWide(h + at + p, elu(addWide(multiplyWide(subWide(loadWide(y + at + p), m), a), b)));
    }
}

/**
 * What the gradient du of a layer's input says about cond and time: sumDu += Σ channels du, dTime += Σ channels du · (h + skip + cond).
 * The gradient of cond is time · sumDu.
 */
API(conditionGradients) void conditionGradients(const float *du, const float *h, const float *skip, const float *cond, float *sumDu, float *dTime, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int p = 0; p < width; p += lanes) {
      wide c = loadWide(cond + row * width + p), s = loadWide(sumDu + row * width + p), t = loadWide(dTime + row * width + p);
      for (int channel = 0; channel < channels; channel++) {
        int at = (row * channels + channel) * width + p;
        wide d = loadWide(du + at), x = addWide(loadWide(h + at), c);
        if (skip) x = addWide(x, loadWide(skip + at));
        s = addWide(s, d);
        t = addWide(t, multiplyWide(d, x));
      }
      storeWide(sumDu + row * width + p, s);
      storeWide(dTime + row * width + p, t);
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
      wide sum = splatWide(0), sumY = splatWide(0), m = splatWide(mean[c]), one = splatWide(1), zero = splatWide(0);
      for (int p = 0; p < width; p += lanes) {
        wide d = loadWide(du + at + p), hp = loadWide(h + at + p);
        if (duSkip) d = addWide(d, loadWide(duSkip + at + p));
        wide slope = addWide(smallerWide(hp, zero), one);
        d = masked(multiplyWide(multiplyWide(d, loadWide(time + row * width + p)), slope), p);
        storeWide(out + p, d);
        sum = addWide(sum, d);
        sumY = addWide(sumY, multiplyWide(d, subWide(loadWide(y + at + p), m)));
      }
      sums[c] += total(narrow(sum));
      sums[channels + c] += total(narrow(sumY));
    }
}

/** dy = a·dz + b + d·(y - mean) in place, per channel: the rest of the batch norm's gradient. */
API(normGradient) void normGradient(float *dz, const float *y, const float *mean, const float *a, const float *b, const float *d, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      float *out = dz + (row * channels + c) * pitch + halo;
      wide m = splatWide(mean[c]), va = splatWide(a[c]), vb = splatWide(b[c]), vd = splatWide(d[c]);
      for (int p = 0; p < width; p += lanes)
        storeWide(out + p, masked(addWide(addWide(multiplyWide(loadWide(out + p), va), vb), multiplyWide(subWide(loadWide(v + p), m), vd)), p));
    }
}

// ---- sampling ------------------------------------------------------------------------------------------------------------

/** h = elu(y) in place, for folded batch norm. */
API(eluInPlace) void eluInPlace(float *y, int count) {
  for (int p = 0; p < count; p += lanes) storeWide(y + p, elu(loadWide(y + p)));
}

/** x ← a·x + b·epsilonTheta + sigma·noise; noise may be 0. */
API(samplerStep) void samplerStep(float *x, const float *epsilonTheta, const float *noise, float a, float b, float sigma, int count) {
  wide va = splatWide(a), vb = splatWide(b), vs = splatWide(sigma);
  for (int p = 0; p < count; p += lanes) {
    wide next = addWide(multiplyWide(loadWide(x + p), va), multiplyWide(loadWide(epsilonTheta + p), vb));
    if (noise) next = addWide(next, multiplyWide(loadWide(noise + p), vs));
    storeWide(x + p, next);
  }
}
