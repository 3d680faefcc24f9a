/** What a source gives until its end. */
export async function readAll(source: { read(): Promise<Buffer | undefined> } | undefined): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for (let chunk = await source?.read(); chunk; chunk = await source?.read()) chunks.push(chunk);
  return chunks;
}
