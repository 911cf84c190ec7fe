// The device's camera, seen live; one picture of it as a file.

import { fail } from './errors.js';

export class Camera {
  constructor(video, frame) {
    Object.assign(this, { video, frame });
  }

  // Whether there can be a live picture: on https or localhost only.
  static get exists() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  async open(facing) {
    this.close();
    this.facing = facing;
    const wanted = { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1440 } };
    const stream = navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    this.stream = await stream.catch(() => fail('no_camera'));
    this.video.srcObject = this.stream;
    this.frame.classList.toggle('mirrored', facing === 'user'); // as in a mirror; the photo itself is not mirrored
    this.frame.hidden = false;
    await this.video.play();
  }

  other() {
    return this.open(this.facing === 'user' ? 'environment' : 'user');
  }

  async shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    canvas.getContext('2d').drawImage(this.video, 0, 0);
    const content = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    return new File([content], 'camera.png', { type: 'image/png' });
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.frame.hidden = true;
  }
}
