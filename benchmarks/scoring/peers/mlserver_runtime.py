"""A custom MLServer runtime over pandas: its own LightGBM runtime serves one booster, without what makes it answers."""

from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.scoring.peers.usual import UsualModels


class Runtime(MLModel):
    async def load(self) -> bool:
        self._models = UsualModels(Path(self.settings.parameters.uri))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        import json

        frame = PandasCodec.decode_request(payload)
        drivers = int(getattr(payload.parameters, "drivers", 0) or 0) if payload.parameters else 0
        records = self._models.predict(frame, drivers=drivers)
        output = StringCodec.encode_output("predictions", [json.dumps(record) for record in records])
        return InferenceResponse(model_name=self.name, outputs=[output])
