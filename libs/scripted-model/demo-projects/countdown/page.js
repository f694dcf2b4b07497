const { secondsLeft, formatTime } = globalThis.countdown;
const [time, form, minutes, start, stop] = ['time', 'form', 'minutes', 'start', 'stop'].map((id) =>
  document.getElementById(id),
);
let timer;

function show(seconds) {
  time.textContent = formatTime(seconds);
  document.title = seconds > 0 ? `${formatTime(seconds)} · Countdown` : 'Countdown';
}

function end() {
  clearInterval(timer);
  start.hidden = false;
  stop.hidden = true;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const until = Date.now() + Number(minutes.value) * 60_000;
  const tick = () => {
    const seconds = secondsLeft(until, Date.now());
    show(seconds);
    time.classList.toggle('over', seconds === 0);
    if (seconds === 0) end();
  };
  end();
  start.hidden = true;
  stop.hidden = false;
  // More often than once a second, so that no second is left out.
  timer = setInterval(tick, 200);
  tick();
});
stop.addEventListener('click', end);
minutes.addEventListener('input', () => show(Number(minutes.value) * 60));
