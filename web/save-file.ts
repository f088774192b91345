/** Hands something of a console to the browser's downloads. */

const DOWNLOAD_NEEDS_MS = 30_000;

export function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The download reads the object after this turn; the browser gives no sign when it is done.
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_NEEDS_MS);
}
