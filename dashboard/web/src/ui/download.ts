import { authorisedFetch } from '@/api/client';
import { asApiError, problemFrom } from '@/api/problem';

/** Saves what an address of the API answers as a file, telling how much has come. */
export async function download(
  path: string,
  fileName: string,
  onProgress: (bytes: number) => void = () => undefined,
) {
  let response: Response;
  try {
    response = await authorisedFetch(new Request(new URL(`/api/v1${path}`, window.location.origin)));
  } catch (error) {
    throw asApiError(error);
  }
  if (!response.ok || response.body === null) {
    throw problemFrom(response.status, await response.json().catch(() => null));
  }
  const parts: BlobPart[] = [];
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value as BlobPart);
    received += value.length;
    onProgress(received);
  }
  const type = response.headers.get('content-type') ?? 'application/octet-stream';
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
