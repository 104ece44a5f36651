/** Pictures that people give of themselves, made small on their own device. */
const EDGE_PX = 512;
const QUALITY = 0.88;

/** A square JPEG from the middle of a picture. Re-drawing it leaves place and camera data behind. */
export async function squarePicture(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const edge = Math.min(picture.width, picture.height);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.min(edge, EDGE_PX);
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser cannot draw');
  const [x, y] = [(picture.width - edge) / 2, (picture.height - edge) / 2];
  pen.drawImage(picture, x, y, edge, edge, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (made) => (made ? resolve(made) : reject(new Error('the picture could not be written'))),
      'image/jpeg',
      QUALITY,
    );
  });
}
