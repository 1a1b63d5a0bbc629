// A formula in a line that is wider than its paragraph scrolls in a box of its own.
(function () {
  function mark() {
    document.querySelectorAll("span.math").forEach(function (span) {
      span.classList.remove("wide");
      var box = span.closest("p, li, td, dd, h1, h2, h3, h4, figcaption") || document.body;
      if (span.getBoundingClientRect().width > box.clientWidth) span.classList.add("wide");
    });
  }
  window.addEventListener("load", function () {
    if (!window.MathJax) return;
    MathJax.startup.promise.then(function () {
      mark();
      window.addEventListener("resize", mark);
    });
  });
})();
