// Vectors of four floats for everything, and `wide` ones for the hot loops: the same four on WebAssembly, eight on x86-64 with
// AVX2. One source, two builds (build.sh); only this file knows which.
#pragma once

#define INLINE static inline __attribute__((always_inline))

#ifdef __wasm__
#include <wasm_simd128.h>
#define API(name) __attribute__((export_name(#name)))
#define PER_THREAD
typedef v128_t vec;
INLINE vec load(const float *p) { return wasm_v128_load(p); }
INLINE void store(float *p, vec v) { wasm_v128_store(p, v); }
INLINE vec add(vec a, vec b) { return wasm_f32x4_add(a, b); }
INLINE vec sub(vec a, vec b) { return wasm_f32x4_sub(a, b); }
INLINE vec mul(vec a, vec b) { return wasm_f32x4_mul(a, b); }
INLINE vec quotient(vec a, vec b) { return wasm_f32x4_div(a, b); }
INLINE vec splat(float a) { return wasm_f32x4_splat(a); }
INLINE vec splatFrom(const float *p) { return wasm_v128_load32_splat(p); }
INLINE vec smaller(vec a, vec b) { return wasm_f32x4_pmin(a, b); }
INLINE vec larger(vec a, vec b) { return wasm_f32x4_pmax(a, b); }
INLINE vec magnitude(vec a) { return wasm_f32x4_abs(a); }
INLINE vec nearest(vec a) { return wasm_f32x4_nearest(a); }
/** 2^n of whole numbers n ≥ -126. */
INLINE vec powerOfTwo(vec n) { return wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23); }
/** a where x > 0, else b. */
INLINE vec wherePositive(vec x, vec a, vec b) { return wasm_v128_bitselect(a, b, wasm_f32x4_gt(x, splat(0))); }
/** The first n lanes of v, 0 after them. */
INLINE vec firstLanes(vec v, int n) { return wasm_v128_and(v, wasm_i32x4_make(n > 0 ? -1 : 0, n > 1 ? -1 : 0, n > 2 ? -1 : 0, n > 3 ? -1 : 0)); }
INLINE float lane(vec v, const int i) { return i == 0 ? wasm_f32x4_extract_lane(v, 0) : i == 1 ? wasm_f32x4_extract_lane(v, 1) : i == 2 ? wasm_f32x4_extract_lane(v, 2) : wasm_f32x4_extract_lane(v, 3); }
INLINE float squareRoot(float a) { return __builtin_sqrtf(a); }
#define SHUFFLE(a, b, i, j, k, l) wasm_i32x4_shuffle(a, b, i, j, k, l)
#else
#include <immintrin.h>
#define API(name) __attribute__((visibility("default")))
#define PER_THREAD _Thread_local
typedef __m128 vec;
INLINE vec load(const float *p) { return _mm_loadu_ps(p); }
INLINE void store(float *p, vec v) { _mm_storeu_ps(p, v); }
INLINE vec add(vec a, vec b) { return _mm_add_ps(a, b); }
INLINE vec sub(vec a, vec b) { return _mm_sub_ps(a, b); }
INLINE vec mul(vec a, vec b) { return _mm_mul_ps(a, b); }
INLINE vec quotient(vec a, vec b) { return _mm_div_ps(a, b); }
INLINE vec splat(float a) { return _mm_set1_ps(a); }
INLINE vec splatFrom(const float *p) { return _mm_broadcast_ss(p); }
INLINE vec smaller(vec a, vec b) { return _mm_min_ps(b, a); } // the order in which NaN passes through, as in WebAssembly
INLINE vec larger(vec a, vec b) { return _mm_max_ps(b, a); }
INLINE vec magnitude(vec a) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a); }
INLINE vec nearest(vec a) { return _mm_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec powerOfTwo(vec n) { return _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(_mm_cvttps_epi32(n), _mm_set1_epi32(127)), 23)); }
INLINE vec wherePositive(vec x, vec a, vec b) { return _mm_blendv_ps(b, a, _mm_cmpgt_ps(x, _mm_setzero_ps())); }
INLINE vec firstLanes(vec v, int n) { return _mm_and_ps(v, _mm_castsi128_ps(_mm_cmpgt_epi32(_mm_set1_epi32(n), _mm_setr_epi32(0, 1, 2, 3)))); }
INLINE float lane(vec v, const int i) { return ((float *)&v)[i]; }
INLINE float squareRoot(float a) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); }
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif

INLINE float total(vec v) { return lane(v, 0) + lane(v, 1) + lane(v, 2) + lane(v, 3); }
INLINE vec times(float a, vec v) { return mul(splat(a), v); }

#ifdef __wasm__
enum { lanes = 4 };
typedef vec wide;
INLINE wide loadWide(const float *p) { return load(p); }
INLINE void storeWide(float *p, wide v) { store(p, v); }
INLINE wide splatWide(float a) { return splat(a); }
INLINE wide splatWideFrom(const float *p) { return splatFrom(p); }
/** a·b + c. */
INLINE wide multiplyAdd(wide a, wide b, wide c) { return add(c, mul(a, b)); }
INLINE wide multiplyWide(wide a, wide b) { return mul(a, b); }
INLINE wide addWide(wide a, wide b) { return add(a, b); }
INLINE wide subWide(wide a, wide b) { return sub(a, b); }
/** Eight lanes' partial sums as four. */
INLINE vec narrow(wide v) { return v; }
INLINE wide widen(vec v) { return v; }
#else
enum { lanes = 8 };
typedef __m256 wide;
INLINE wide loadWide(const float *p) { return _mm256_loadu_ps(p); }
INLINE void storeWide(float *p, wide v) { _mm256_storeu_ps(p, v); }
INLINE wide splatWide(float a) { return _mm256_set1_ps(a); }
INLINE wide splatWideFrom(const float *p) { return _mm256_broadcast_ss(p); }
INLINE wide multiplyAdd(wide a, wide b, wide c) { return _mm256_fmadd_ps(a, b, c); }
INLINE wide multiplyWide(wide a, wide b) { return _mm256_mul_ps(a, b); }
INLINE wide addWide(wide a, wide b) { return _mm256_add_ps(a, b); }
INLINE wide subWide(wide a, wide b) { return _mm256_sub_ps(a, b); }
INLINE vec narrow(wide v) { return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
INLINE wide widen(vec v) { return _mm256_insertf128_ps(_mm256_setzero_ps(), v, 0); }
#endif

// ---- exponentials --------------------------------------------------------------------------------------------------------

/** e^x = scale · (1 + e) for x ≤ 0: 2^n · e^r with |r| ≤ ln2/2 and a polynomial of degree 6; relative error of e^x below 2e-7. */
INLINE vec reducedExponential(vec x, vec *scale) {
  x = larger(splat(-87.0f), x);
  vec n = nearest(mul(x, splat(1.44269504f)));
  vec r = sub(sub(x, mul(n, splat(0.693359375f))), mul(n, splat(-2.12194440e-4f)));
  vec e = splat(1.3981999507e-3f);
  e = add(mul(e, r), splat(8.3334519073e-3f));
  e = add(mul(e, r), splat(4.1665795894e-2f));
  e = add(mul(e, r), splat(1.6666665459e-1f));
  e = add(mul(e, r), splat(5.0000001201e-1f));
  *scale = powerOfTwo(n);
  return add(mul(mul(e, r), r), r); // e^r - 1
}

/** e^x - 1 for x ≤ 0. */
INLINE vec expm1Negative(vec x) {
  vec scale, e = reducedExponential(x, &scale);
  return add(mul(e, scale), sub(scale, splat(1.0f)));
}

INLINE vec elu(vec z) { return wherePositive(z, z, expm1Negative(smaller(z, splat(0)))); }

#ifdef __wasm__
INLINE wide eluWide(wide z) { return elu(z); }
#else
/** The same polynomial on eight lanes. */
INLINE wide eluWide(wide z) {
  wide x = _mm256_max_ps(_mm256_min_ps(z, _mm256_setzero_ps()), splatWide(-87.0f));
  wide n = _mm256_round_ps(multiplyWide(x, splatWide(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  wide r = _mm256_fnmadd_ps(n, splatWide(-2.12194440e-4f), _mm256_fnmadd_ps(n, splatWide(0.693359375f), x));
  wide e = splatWide(1.3981999507e-3f);
  e = multiplyAdd(e, r, splatWide(8.3334519073e-3f));
  e = multiplyAdd(e, r, splatWide(4.1665795894e-2f));
  e = multiplyAdd(e, r, splatWide(1.6666665459e-1f));
  e = multiplyAdd(e, r, splatWide(5.0000001201e-1f));
  e = multiplyAdd(multiplyWide(e, r), r, r);
  wide scale = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127)), 23));
  wide negative = multiplyAdd(e, scale, subWide(scale, splatWide(1)));
  // Ordered comparison, so that NaN stays NaN instead of becoming e^-87 - 1.
  return _mm256_blendv_ps(negative, z, _mm256_cmp_ps(z, _mm256_setzero_ps(), _CMP_NLE_UQ));
}
#endif

/** 1 / (1 + e^-x), from e^-|x| so that nothing overflows. */
INLINE vec sigmoid(vec x) {
  vec scale, e = reducedExponential(sub(splat(0), magnitude(x)), &scale);
  e = add(mul(e, scale), scale);
  return quotient(wherePositive(x, splat(1), e), add(splat(1), e));
}
