import type { R2Bucket } from '@cloudflare/workers-types';
import type { ArchiveFiles } from '../billing/archive/archive.ts';

/** Stores files in a bucket, compressed. Buffers a whole file, because R2 wants to know its length. */
export function bucketFiles(bucket: R2Bucket): ArchiveFiles {
  return {
    async put(name, text) {
      const compressed = new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip')));
      await bucket.put(name, await compressed.arrayBuffer(), {
        httpMetadata: { contentType: 'application/x-ndjson', contentEncoding: 'gzip' },
      });
    },
  };
}
