"""The page in a real browser: no error, no request, and everything on it works."""

import base64
import json
import shutil

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed (apt-get install chromium-driver)"
)
DESKTOP, PHONE = (1200, 900), (390, 844)


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(page_texts, tmp_path_factory):
    """Paths of pages by name."""
    folder = tmp_path_factory.mktemp("pages")
    for name, text in page_texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in page_texts}


@pytest.fixture
def opened(browser, pages):
    """opened(name, size, dark) -> run(script): the page is open; at the end nothing was wrong and nothing was asked."""

    def call(name, size=DESKTOP, dark=False):
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(pages[name].as_uri())
        return browser.execute_script

    yield call
    assert browser.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in sent if each["method"] == "Network.requestWillBeSent"]
    assert all(url.startswith(("file:///", "data:")) for url in asked)
    assert sum(url.startswith("file:///") for url in asked) == 1


def click(browser, css):
    browser.execute_script("document.querySelector(arguments[0]).click()", css)


def column(run, number):
    return run(f"return [...document.querySelectorAll('#table tbody tr td:nth-child({number})')].map(c => c.innerText)")


def view(run):
    return run("const d = document.getElementById('timeline').dataset; return [Number(d.from), Number(d.to)]")


def settle(run):
    """Wait for the next frames, in which the timeline is drawn."""
    run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")


def test_the_table_sorts_by_every_column(opened, browser, runs):
    run, steps = opened("resnet50"), runs["resnet50"].steps
    assert column(run, 2) == [step.name for step in sorted(steps, key=lambda step: -step.time_ps)]
    orders = {
        1: lambda step: 0, 2: lambda step: step.name, 3: lambda step: step.kind, 7: lambda step: -step.macs,
        8: lambda step: -step.bytes, 9: lambda step: -step.energy_pj, 10: lambda step: step.bound_by,
    }  # fmt: skip
    for number, key in orders.items():
        click(browser, f"#table th:nth-child({number}) button")
        assert column(run, 2) == [step.name for step in sorted(steps, key=key)]
    click(browser, "#table th:nth-child(2) button")
    click(browser, "#table th:nth-child(2) button")
    assert column(run, 2) == sorted((step.name for step in steps), reverse=True)
    assert run("return document.querySelector('#table th:nth-child(2)').ariaSort") == "descending"


def test_the_table_filters_by_text_cause_and_kind(opened, browser, runs):
    run, steps = opened("resnet50"), runs["resnet50"].steps
    choose = "const e = document.getElementById(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event({}))"
    run(choose.format("'input'"), "filter", "LAYER4 conv2")
    wanted = {step.name for step in steps if "layer4" in step.name and "conv2" in step.name}
    assert set(column(run, 2)) == wanted
    share = sum(step.time_ps for step in steps if step.name in wanted) / sum(step.time_ps for step in steps)
    shown = run("return document.getElementById('shown').textContent")
    assert shown == f"{len(wanted)} of {len(steps)} operators, {share:.1%} of the time"
    run(choose.format("'input'"), "filter", "")
    bound = steps[5].bound_by
    run(choose.format("'change'"), "bound", bound)
    assert set(column(run, 2)) == {step.name for step in steps if step.bound_by == bound}
    run(choose.format("'change'"), "bound", "")
    run(choose.format("'change'"), "kind", "Gemm")
    assert column(run, 2) == [step.name for step in steps if step.kind == "Gemm"]
    run(choose.format("'input'"), "filter", "no such operator")
    assert column(run, 2) == []


def test_an_operator_opens_its_details(opened, browser, runs):
    run = opened("resnet50")
    click(browser, "#table tbody tr .name button")
    costliest = max(runs["resnet50"].steps, key=lambda step: step.time_ps)
    details = run("return document.querySelector('#table .details').innerText")
    assert costliest.name in details
    assert costliest.mapping in details
    click(browser, "#table tbody tr .name button")
    assert run("return document.querySelector('#table .details')") is None


def test_the_timeline_zooms_and_moves(opened, browser, runs):
    run = opened("resnet50")
    end = max(step.end_ps for step in runs["resnet50"].steps)
    assert view(run) == [0, end]
    click(browser, "#zoom-in")
    settle(run)
    begin, until = view(run)
    assert until - begin == pytest.approx(end / 2, rel=1e-3)
    keys = (
        "const c = document.getElementById('timeline');"
        "arguments[0].forEach(key => c.dispatchEvent(new KeyboardEvent('keydown', {key})))"
    )
    run(keys, ["ArrowLeft"])
    settle(run)
    assert view(run)[0] < begin
    run(keys, ["0"])
    settle(run)
    assert view(run) == [0, end]
    wheel = (
        "const c = document.getElementById('timeline'), b = c.getBoundingClientRect();"
        "const e = new WheelEvent('wheel', {deltaY: -300, ctrlKey: arguments[0], clientX: b.left + b.width / 2,"
        "clientY: b.top + 20, cancelable: true}); c.dispatchEvent(e); return e.defaultPrevented"
    )
    assert run(wheel, False) is False
    assert run(wheel, True) is True
    settle(run)
    begin, until = view(run)
    assert until - begin == pytest.approx(end / 2.718, rel=0.01)
    drag(browser, run, 100)
    assert view(run)[0] < begin
    run(keys, ["-", "-"])
    settle(run)
    assert view(run) == [0, end]
    run(keys, ["+"] * 60)
    settle(run)
    assert view(run)[1] - view(run)[0] == 10
    click(browser, "#zoom-all")
    settle(run)
    assert view(run) == [0, end]


def drag(browser, run, pixels):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    canvas = browser.find_element(By.ID, "timeline")
    run("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(browser).move_to_element(canvas).click_and_hold().move_by_offset(pixels, 0).release().perform()
    settle(run)


def test_pointing_at_the_timeline_tells_the_operator_and_a_double_click_shows_it(opened, browser, runs):
    run, steps = opened("resnet50"), {step.name: step for step in runs["resnet50"].steps}
    at = (
        "const c = document.getElementById('timeline'), b = c.getBoundingClientRect();"
        "const o = {clientX: b.left + b.width * 0.8, clientY: b.top + 20, bubbles: true};"
        "c.dispatchEvent(new (arguments[0] == 'dblclick' ? MouseEvent : PointerEvent)(arguments[0], o));"
    )
    run(at, "pointermove")
    name = run("return document.getElementById('tip').innerText").partition(" (")[0]
    assert name in steps
    run(at, "dblclick")
    settle(run)
    begin, until = view(run)
    step = steps[name]
    assert begin <= step.start_ps
    assert until >= step.end_ps
    assert until - begin < 3 * (step.end_ps - step.start_ps)


def test_names_with_markup_in_them_are_shown_as_text(opened, browser, extremes):
    run = opened("hostile")
    names = {step.name for step in extremes["an hour of long names"].steps}
    assert run("return [...document.querySelectorAll('#table .name button')].map(e => e.textContent)") == [
        step.name for step in sorted(extremes["an hour of long names"].steps, key=lambda step: -step.time_ps)
    ]
    assert len(names) == len(extremes["an hour of long names"].steps)
    click(browser, "#table tbody tr .name button")
    assert "<script>alert(1)</script>" in run("return document.querySelector('#table .details').innerText")
    assert run("return document.querySelectorAll('script').length") == 3
    assert run("return document.documentElement.scrollWidth <= innerWidth")


def test_of_5000_operators_only_a_page_of_rows_is_made_until_more_are_asked_for(opened, browser, extremes):
    run = opened("many")
    assert len(column(run, 1)) == 200
    click(browser, "#table th:nth-child(9) button")
    most = max(extremes["5,000 operators"].steps, key=lambda step: step.energy_pj)
    assert column(run, 2)[0] == most.name
    click(browser, "#more")
    assert len(column(run, 1)) == 400
    bars = sum(len(step.spans_ps) for step in extremes["5,000 operators"].steps)
    assert 0 < run("return Number(document.getElementById('timeline').dataset.bars)") < bars / 2


@pytest.mark.parametrize("name", ["resnet50", "hostile"])
def test_on_a_phone_nothing_is_wider_than_the_screen(name, opened):
    run = opened(name, PHONE)
    assert run("return document.documentElement.scrollWidth") == PHONE[0]
    shown = run("return [...document.querySelectorAll('.tools button, select, input')].map(e => e.offsetHeight)")
    assert min(shown) >= 28


def test_dark_is_dark_and_print_is_light(opened, browser):
    run = opened("resnet50", dark=True)
    background = "return getComputedStyle(document.documentElement).backgroundColor"
    ink = "return getComputedStyle(document.querySelector('figure svg text')).fill"
    assert run(background) == "rgb(22, 24, 28)"
    assert run(ink) == "rgb(230, 232, 235)"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert run(background) == "rgb(255, 255, 255)"
    assert run(ink) == "rgb(29, 31, 35)"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    assert base64.b64decode(printed).startswith(b"%PDF")
