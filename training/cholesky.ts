/**
 * Solves A x = b for a symmetric positive definite A (size × size, row by row; its lower triangle is read and overwritten
 * with its Cholesky factor). b is overwritten with x.
 * @returns false when A is not positive definite
 */
export function solveCholesky(a: Float64Array, b: Float64Array): boolean {
  const size = b.length
  for (let j = 0; j < size; j++) {
    const rowJ = j * size
    for (let i = j; i < size; i++) {
      const rowI = i * size
      let sum = a[rowI + j]!
      for (let k = 0; k < j; k++) sum -= a[rowI + k]! * a[rowJ + k]!
      if (i > j) a[rowI + j] = sum / a[rowJ + j]!
      else if (sum > 0) a[rowJ + j] = Math.sqrt(sum)
      else return false
    }
  }
  for (let i = 0; i < size; i++) {
    let sum = b[i]!
    for (let k = 0; k < i; k++) sum -= a[i * size + k]! * b[k]!
    b[i] = sum / a[i * size + i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = b[i]!
    for (let k = i + 1; k < size; k++) sum -= a[k * size + i]! * b[k]!
    b[i] = sum / a[i * size + i]!
  }
  return true
}
