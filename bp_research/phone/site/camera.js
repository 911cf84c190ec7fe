// The device's camera, seen live; one picture of it as a file.

import { fail } from './errors.js';

// Whether there can be a live picture: on https or localhost only.
export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

export class Camera {
  constructor(video, frame) {
    Object.assign(this, { video, frame });
  }

  async open(facing) {
    this.close();
    const wanted = { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1440 } };
    this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted }).catch(() => fail('no_camera'));
    this.frame.dataset.facing = facing; // the user is seen as in a mirror; the photo itself is not mirrored
    this.frame.hidden = false;
    await this.video.play();
  }

  other() {
    return this.open(this.frame.dataset.facing === 'user' ? 'environment' : 'user');
  }

  async shoot() {
    const canvas = new OffscreenCanvas(this.video.videoWidth, this.video.videoHeight);
    canvas.getContext('2d').drawImage(this.video, 0, 0);
    return canvas.convertToBlob(); // PNG
  }

  close() {
    this.video.srcObject?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = null;
    this.frame.hidden = true;
  }
}
