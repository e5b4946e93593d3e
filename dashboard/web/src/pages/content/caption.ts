/** What Instagram counts in a caption. */
export const limits = { characters: 2200, hashtags: 30, mentions: 20 };

export function countCaption(caption: string) {
  return {
    characters: [...caption].length,
    hashtags: caption.match(/(?<![\p{L}\p{N}_&])#[\p{L}\p{N}_]+/gu)?.length ?? 0,
    mentions: caption.match(/(?<![\p{L}\p{N}_.])@[A-Za-z0-9_.]+/gu)?.length ?? 0,
  };
}
