// A line when the service tells of a ring that changed by day; what it tells is text, never markup.
"use strict";

{
  const line = document.getElementById("live");
  const stream = line && new EventSource("/live");
  let count = 0;
  stream?.addEventListener("ring", (message) => {
    const { event, rings, joined, left, dormant } = JSON.parse(message.data);
    count += 1;
    const changes = [joined && `${joined} joined`, dormant && `${dormant} dormant`, left && `${left} left`].filter(Boolean).join(", ");
    const said = `${rings.length ? `Ring ${rings.join(", ")}` : "A ring"}: ${event}${changes && ` (${changes})`}`;
    line.querySelector("[data-said]").textContent = `${said}; ${count} by day since this page was opened, provisional.`;
    line.hidden = false;
  });
}
