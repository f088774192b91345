/** Saves a picture of the machine's screen as a file. */

const DOWNLOAD_NEEDS_MS = 30_000;

/** Hands the picture to the browser's downloads. */
export function savePicture(picture: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = name;
  link.click();
  // The download reads the object after this turn; the browser gives no sign when it is done.
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_NEEDS_MS);
}
