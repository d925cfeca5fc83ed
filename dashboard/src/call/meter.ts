/** Measures a stream's level, 0 to 1, at each frame, until it is stopped. */
export const meter = (stream: MediaStream, show: (level: number) => void): (() => void) => {
  const context = new AudioContext();
  void context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = 0;
  const measure = () => {
    // Scheduled first, so that `show` can stop the meter.
    frame = requestAnimationFrame(measure);
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    show(Math.min(1, Math.sqrt(power) * 4));
  };
  frame = requestAnimationFrame(measure);
  return () => {
    cancelAnimationFrame(frame);
    void context.close();
  };
};
