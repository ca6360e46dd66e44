"""How a session ends: at the end of its run, by a signal, without a picture, or with numbers that are none."""

from dataclasses import dataclass
from typing import final

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.digits import PICTURE
from cnnkit.engine.records.events import Event, Finished, Interrupted
from cnnkit.engine.records.results import FitResult
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.overfit import knows_by_heart
from cnnkit.engine.session.room import Room
from cnnkit.engine.training.course import history, stops_early
from cnnkit.engine.training.keeper import Keeper
from cnnkit.engine.training.signals import StopRequest
from cnnkit.errors import CnnkitError, DataError, DeviceError, DeviceMemoryError, NumericError
from cnnkit.serialize import files
from cnnkit.tasks import Tally


@final
@dataclass
class Closing:
    """What is told last, and the files behind it."""

    keeper: Keeper
    splits: DataSplits
    stop: StopRequest

    def finished(self, test: Tally) -> Finished:
        """The best weights were judged on the test part."""
        self.keeper.write_best(test.judgement())
        return Finished(self._result(test))

    def interrupted(self) -> Interrupted:
        """A signal came; how to go on."""
        run, step, stop = self.keeper.run, self.keeper.training.progress.step, self.stop
        name = stop.received.name if stop.received else ""
        done = f"stopped after step {step:,} and saved" if step else "stopped before the first step"
        text = f"{name}: {done}. Go on with: {self.keeper.go_on()}"
        return Interrupted(str(run.path), step, name, stop.exit_code, text)

    def broken_off(self, error: DataError) -> DataError:
        """A picture that vanishes or changes while it is learned from costs no step: the state is saved."""
        training, go_on = self.keeper.training, self.keeper.go_on
        if training.progress.step:
            self.keeper.save()
        without = f"\nOr go on without it: {go_on(on_unreadable='skip')}" if training.options.data else ""
        return DataError(
            f"{error} {checkpoint.kept(self.keeper.run)} Put the file back as it was, then go on with: "
            f"{go_on()}{without}"
        )

    def left(self, error: DeviceError | DeviceMemoryError, room: Room | None) -> CnnkitError:
        """A device has no room, or is gone: what it held is lost, and the last state is what there is to go on from."""
        keeper, go_on = self.keeper, self.keeper.go_on
        keeper.log.flush()
        told = str(error)
        if isinstance(error, DeviceMemoryError) and room is not None:
            told = f"{error.text} {room.advice(error)}"
        if keeper.training.progress.step:
            told += f" {checkpoint.kept(keeper.run)} Go on with: {go_on()} (or {go_on(backend='cpu')})"
        return type(error)(told)

    def hopeless(self, text: str) -> NumericError:
        """A loss is not finite, and nothing of it may be saved."""
        self.keeper.log.flush()
        return NumericError(f"{text} {checkpoint.kept(self.keeper.run)} Try a lower --lr, or --clip 1.")

    def write(self, event: Event) -> None:
        """The files behind the last event: the result of a finished run, the state of an interrupted one."""
        keeper = self.keeper
        if isinstance(event, Finished):
            keeper.log.flush()
            keeper.run.write_json(keeper.run.result, event.result.to_json())
            for path in (keeper.run.features, keeper.run.proposals, *keeper.run.pieces):
                files.remove(path)
        elif isinstance(event, Interrupted) and event.step:
            keeper.save()
            keeper.write_derived()

    def _result(self, test: Tally) -> FitResult:
        training, about = self.keeper.training, self.keeper.about
        progress, options, judgement = training.progress, training.options, test.judgement()
        example = self.splits.test.path(0)
        if example is None and self.splits.preprocessing.fit == "digit" and PICTURE.is_file():
            example = PICTURE
        return FitResult(
            run=str(self.keeper.run.path),
            checkpoint=str(self.keeper.run.best),
            epochs=len(progress.history),
            test=judgement.values,
            seconds=self.keeper.seconds(),
            images_per_second=progress.images_per_second,
            model=about["model"],
            data=about["data"],
            parameters=training.parameters,
            best_epoch=progress.best_epoch,
            val=progress.best.values if progress.best else {},
            test_loss=judgement.loss,
            test_images=judgement.n,
            steps=progress.step,
            stopped_early=stops_early(options, progress),
            keep=str(options.keep),
            learned=None if options.overfit is None else knows_by_heart(options, progress),
            example=None if example is None else str(example),
            history=history(options, progress),
            schedule=options.schedule,
            lr=options.lr,
            more=test.more(),
            task=about["task"],
        )
