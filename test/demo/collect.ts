/** All of a stream; Array.fromAsync isn't in the library that the project compiles against. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}
