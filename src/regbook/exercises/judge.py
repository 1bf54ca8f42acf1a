"""Exercises of the final: what is wrong with this comparison?"""

from regbook.exercises import Exercises
from regbook.exercises.report import ASK, Report

FOUR = "Four questions"

exercises = Exercises(
    "judge",
    Report(
        name="rare event", title="A rare event", level=1, objective=3, section=FOUR,
        fault=("lopsided classes", "weak rival"), remedy=("add the majority",), gain=("vanishes",),
        hints=(ASK, "What would you score if you never looked at the inputs and always said no?"),
        look="Always saying no is right for all rows but the events. How far above that is the model?",
        shown="Always saying no scores 94.7 %, too: the model gains +0.0 ± 0.0 points over it.",
        mistakes=(
            ("add the rival", "These are rivals for a network. Which answer needs no model at all here?"),
        )),
    Report(
        name="ten tries", title="The best of ten tries", level=1, objective=1, section=FOUR,
        fault=("best run",), remedy=("report all runs", "more pairs"), gain=("turns round",),
        hints=(ASK, "A maximum stands against a mean. What would a mean against a mean say?"),
        look="The report gives both means. Which is larger?",
        shown="Mean against mean, over 20 pairs: −0.9 ± 0.2 points. L2 loses here; there is nothing to cure.",
        mistakes=(
            ("one run", "There were ten. Which of them was reported?"),
            ("chosen on test", "Near: what the test rows chose is the luckiest of ten runs. There is a word for just that."),
            ("choose on validation", "A seed is nothing to choose: the next user draws another."),
            ("vanishes", "It does more than that: compare the two means, 95.0 % and 95.8 %."),
        )),
    Report(
        name="three strengths", title="Three strengths", level=2, objective=2, section=FOUR,
        fault=("end of grid",), remedy=("widen the grid",), gain=("grows", "stays"),
        hints=(ASK, "Look at the validation losses in the order of λ. Where would you look next?"),
        look="L2 may take a strength that is better still, or keep the one it has: which way can that move its gain?",
        shown="λ = 0.01 is better still for 12 of 20 seeds, 0.03 worse: the gain grows from +2.8 ± 0.3 to +3.7 ± 0.4 points.",
        mistakes=(
            ("weak rival", "The rival is stopped in time; a smaller network would be welcome, true. But what do the losses say about the three strengths?"),
            ("unequal budgets", "L2 tried three strengths, true; choosing is part of a method. But was it allowed to choose enough?"),
        )),
    Report(
        name="twenty genes", title="Twenty genes out of a thousand", level=2, objective=1, section=FOUR,
        fault=("leak", "chosen on test"), remedy=("split first", "choose on validation"), gain=("vanishes", "shrinks"),
        hints=(ASK, "Which patients helped to choose the twenty genes?"),
        look="Among a thousand genes, how many go along with 80 labels by chance alone, on the test patients as well?",
        shown="The genes were random numbers. Chosen on the 40 training patients alone, they are right in 49.7 %.",
        mistakes=(
            ("training rows", "The patients that report were not trained on. But what else was done with them before?"),
            ("more pairs", "Twenty repetitions of the same mistake make no truth: each of them makes it."),
            ("more test rows", "More of them would be chosen on as well."),
        )),
    Report(
        name="long training", title="Eighty epochs", level=2, objective=3, section=FOUR,
        fault=("weak rival",), remedy=("add the rival",), gain=("shrinks",),
        hints=(ASK, "What did the plain network score on validation rows, and when?"),
        look="On validation rows, how much does stopping give the plain network back? Is that all of 8.9 points?",
        shown="Plain stopped in time has 78.6 %: the gain shrinks from +8.9 ± 0.6 to +3.5 ± 0.6 points.",
        mistakes=(
            ("unequal budgets", "Both had 80 epochs. That is the trouble, in a way: what could the plain network have done with fewer?"),
            ("equal budgets", "They are equal: 80 epochs for each. Which version of the plain network would cost nothing?"),
            ("vanishes", "Stopping gives the plain network about 4 points back on validation rows; 8.9 is more."),
        )),
    Report(
        name="four strengths", title="Four strengths", level=2, objective=3, section=FOUR,
        fault=("none",), remedy=("none",), gain=("stays",),
        hints=(ASK, "Go through the list of faults, one after the other. Which of them does the report rule out?"),
        look="Nothing was mended: what does the gain do?",
        shown="20 other seeds say the same of the gain over plain, stopped: +3.9 ± 0.4 points.",
        mistakes=(
            ("end of grid", "The best strength, 0.01, has worse ones on both sides: 0.003 and 0.03."),
            ("weak rival", "The plain network is stopped in time, and a smaller one stands beside it. (A simple model would be welcome, too.)"),
            ("unequal budgets", "L2 chose among four strengths, but that is part of the method, on validation rows; the smaller network chose, too."),
            ("chosen on test", "Each seed chose on its own validation rows, and the test rows were opened once."),
        )),
    Report(
        name="lower loss", title="The lower loss", level=2, objective=3, section=FOUR,
        fault=("penalty in the loss",), remedy=("take the penalty out",), gain=("turns round",),
        hints=(ASK, "What does Keras count into val_loss besides the errors?"),
        look="Subtract each network's penalty from its val_loss. Which data loss is lower?",
        shown="The data losses are 0.535 and 0.505: the stronger penalty is better, by 0.030 ± 0.010.",
        mistakes=(
            ("end of grid", "Two strengths are a short grid. But what does val_loss mean for each of them?"),
            ("weak rival", "Plain is missing, true, but the question was which strength is better. What is val_loss made of?"),
            ("another scale", "λ means the same in both. It is what is compared that differs: what is val_loss made of?"),
            ("report all metrics", "The accuracy would help, but what has to be done with val_loss itself?"),
            ("vanishes", "Subtract the penalties: 0.584 − 0.050 and 0.613 − 0.109. Which is lower?"),
        )),
    Report(
        name="two runs", title="Two runs", level=1, objective=1, section=FOUR,
        fault=("one run", "not paired"), remedy=("more pairs",), gain=("vanishes", "shrinks"),
        hints=(ASK, "How far apart are the four plain runs, which differ in nothing but luck?"),
        look="The plain runs differ by as much as the gain. What will probably be left of it?",
        shown="Over 20 pairs: +0.0 ± 0.1 points. Of 380 such reports, 193 would have said that noise wins.",
        mistakes=(
            ("best run", "All plain runs are reported, and two of the others do about as well. How many runs with noise were there?"),
            ("report all runs", "There is a single run with noise: make more, on the same rows for both."),
            ("more test rows", "4000 are plenty. It is the training that is down to luck."),
            ("grows", "It might, by luck. But when plain runs differ by as much, what would you bet on?"),
            ("turns round", "It might, by luck. But a difference no larger than luck itself will most likely go."),
        )),
    Report(
        name="twenty sets", title="Twenty sets of pixels", level=2, objective=2, section=FOUR,
        fault=("chosen on test",), remedy=("choose on validation", "score other rows"), gain=("vanishes", "shrinks"),
        hints=(ASK, "Twenty candidates, fifty images: how good would the luckiest of twenty equal sets look?"),
        look="The best of many equal candidates leads on the rows that chose it. Does it lead on others?",
        shown="On a thousand images that had no say, the chosen sets lead by +0.6 ± 0.6 points.",
        mistakes=(
            ("best run", "Near: a best one was picked. But it is a set of pixels, not a run; which rows picked it?"),
            ("leak", "Near. But nothing was computed from the test images before they were set aside; they chose afterwards."),
            ("more test rows", "On more rows the luckiest would look less lucky, and still be chosen by the rows that report."),
            ("split first", "The rows were split. But which of them chose?"),
            ("turns round", "The sets are drawn alike: why should the chosen one be worse than the first?"),
        )),
    Report(
        name="twenty splits", title="Twenty splits", level=3, objective=1, section=FOUR,
        fault=("shared rows",), remedy=("correct the error",), gain=("less sure", "vanishes"),
        hints=(ASK, "How many tumours do two of the splits have in common? What does the root of 20 take for granted?"),
        look="The mean of the 20 differences is what it is. What else is reported?",
        shown="+1.5 ± 1.0 points: the mean stays, and is less than two standard errors from zero.",
        mistakes=(
            ("not paired", "They are: both were fitted and tested on the same rows in each split."),
            ("more pairs", "More splits of the same 569 tumours share as many rows; each adds little that is new."),
            ("shrinks", "The mean stays as it is. What is said behind the ±?"),
        )),
)  # fmt: skip
